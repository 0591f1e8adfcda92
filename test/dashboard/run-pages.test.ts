/** The pages of runs, and the inbox of their questions. One file, for the reason given in `list-pages.test.ts`. */
import "./one-run.ts";
import "./related-runs.ts";
import "./approvals.ts";

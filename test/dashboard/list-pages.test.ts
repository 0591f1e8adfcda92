/**
 * The list of runs and the start form, and what holds for all pages. One file, because each test file starts a browser
 * of its own, whose start and first window cost more processor time than five tests.
 */
import "./runs.ts";
import "./accessibility.ts";
import "./safety.ts";

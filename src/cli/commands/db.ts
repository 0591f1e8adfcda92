import { withoutPassword } from "../../store/postgres/url.ts";
import { defineCommand } from "../command.ts";
import { usageError } from "../errors.ts";
import { absoluteDatabase, namedDatabase } from "../source/find-database.ts";
import { count } from "../terminal/format.ts";

interface Options {
  readonly from?: string;
  readonly to?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** Time between two lines of progress, in ms. */
const progressMs = 1_000;

export const db = defineCommand<Options>({
  name: "db",
  group: "Maintenance",
  summary: "Copy a database into another one, of the same kind or not",
  description:
    "Copies runs with all that belongs to them, from a file or a Postgres database to an empty one, and compares both by " +
    "counts and hashes. Ids and the order of events stay, and unfinished runs continue where the copy is served. No " +
    "server may use either database meanwhile. A copy that was interrupted continues when the same command is given " +
    "again. Databases that workflows name for themselves stay files; copy each by itself.",
  arguments: [{ name: "<action>", description: "what to do", choices: ["copy"] }],
  options: [
    { flags: "--from <database>", description: "database file or postgres:// address to copy (default: SMITHERS_DB)" },
    { flags: "--to <database>", description: "empty or new database (default: SMITHERS_DB)" },
    { flags: "--dry-run", description: "only count what would be copied" },
  ],
  json: "value",
  examples: [
    [
      'db copy --from smithers.db --to "postgres://flows@db.example.org/flows"',
      "move from a file to Postgres; the password is in PGPASSWORD",
    ],
    ["db copy --to smithers.db --dry-run", "count what would come from the database that SMITHERS_DB names"],
  ],
  async run({ out }, options) {
    const [from, to] = [databaseOf("--from", options.from), databaseOf("--to", options.to)];
    if (from === to) throw usageError("Both options name the same database.");
    const [{ copyDatabase }, { stopwatch }] = await Promise.all([
      import("../../store/copy/copy.ts"),
      import("../../timing/index.ts"),
    ]);
    let sinceMs = stopwatch();
    const result = await copyDatabase(from, to, {
      dryRun: options.dryRun,
      onProgress(step, table, done, of) {
        if (sinceMs() < progressMs) return;
        sinceMs = stopwatch();
        out.say(`${step === "copy" ? "Copying" : "Comparing"} ${table.replaceAll("_", " ")}: ${done} of ${of}`);
      },
    });
    const { rows, resumed } = result;
    const dryRun = options.dryRun === true;
    if (out.isJson) {
      out.json({ ...result, from: withoutPassword(from), to: withoutPassword(to), dryRun });
      return undefined;
    }
    const what = `${count(rows.runs!, "run")} with ${count(rows.events!, "event")}`;
    if (dryRun) out.line(`${what} would be copied${resumed ? "; a copy that was interrupted would continue" : ""}.`);
    else out.line(`Copied ${what}. Both databases have the same ${count(sum(rows), "row")}.`);
    return undefined;
  },
});

function databaseOf(flag: string, given: string | undefined): string {
  const database = namedDatabase(given);
  if (database === undefined) throw usageError(`Name a database with ${flag}, or in SMITHERS_DB.`);
  return absoluteDatabase(database);
}

const sum = (rows: Readonly<Record<string, number>>) => Object.values(rows).reduce((all, one) => all + one, 0);

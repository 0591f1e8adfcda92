import { existsSync, realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { ListedDatabase } from "../../engine/databases/index.ts";
import { type CommandContext, defineCommand } from "../command.ts";
import { usageError } from "../errors.ts";
import type { DatabaseSource } from "../source/database.ts";
import { count } from "../terminal/format.ts";

interface Options {
  readonly list?: boolean;
  readonly undo?: boolean;
}

export const trust = defineCommand<Options>({
  name: "trust",
  group: "Maintenance",
  summary: "Let a server use a database that it did not create",
  description:
    "A server, up and runWorkflow use a database that a workflow names (dbPath) only if one of them created it, because " +
    "a command of a run could put another one in its place. Use trust after you have restored such a database from a " +
    "backup, moved it, or created it in another way, and while no command runs. Unfinished runs in it then continue.",
  arguments: [{ name: "[file]", description: "the database that a workflow names" }],
  options: [
    { flags: "--list", description: "show the databases that workflows name, and which of them are used" },
    {
      flags: "--undo",
      description: "no longer use the database; a server that has it open keeps it until it ends",
      conflicts: ["list"],
    },
  ],
  state: "database",
  json: "value",
  examples: [
    ["trust data/reviews.db", "let servers of the nearest smithers.db use data/reviews.db"],
    ["trust --list", "show which databases are used"],
  ],
  async run(context, { list, undo }, file) {
    const [state, { shortPath }] = await Promise.all([context.database(), import("../source/find-database.ts")]);
    if (list) {
      if (file !== undefined) throw usageError("The option --list takes no file.");
      show(context, state, await state.own.list(), shortPath);
      return undefined;
    }
    if (file === undefined) throw usageError("Name the database's file, or use --list.");
    if (resolve(file) === resolve(state.name)) {
      throw usageError(`${file} is the server's own database, which is always trusted.`);
    }
    if (undo) await distrust(context, state, file);
    else await trustFile(context, state, file);
    return undefined;
  },
});

async function trustFile({ out }: CommandContext, state: DatabaseSource, file: string): Promise<void> {
  if (!existsSync(file)) throw usageError(`There is no file ${file}.`, "DB_NOT_FOUND");
  let unfinished = 0;
  for (const path of pathsOf(file)) {
    const store = await state.own.trust(path);
    try {
      const { runs } = await store.readBacklog(Date.now());
      unfinished = Object.values(runs).reduce((sum, one) => sum + one, 0);
    } finally {
      await store.close();
    }
  }
  if (out.isJson) out.json({ file: resolve(file), state: "used", unfinishedRuns: unfinished });
  else out.line(`Servers of ${state.name} use ${file} from now on. It has ${count(unfinished, "unfinished run")}.`);
}

async function distrust({ out }: CommandContext, state: DatabaseSource, file: string): Promise<void> {
  const known = new Set((await state.own.list()).map(({ path }) => path));
  const paths = pathsOf(file).filter((path) => known.has(path));
  if (paths.length === 0) throw usageError(`${state.name} does not know the database ${file}. List them with --list.`);
  for (const path of paths) await state.own.distrust(path);
  if (out.isJson) out.json({ file: resolve(file), state: "not trusted" });
  else out.line(`Servers of ${state.name} no longer use ${file}. One that has it open keeps it until it ends.`);
}

/** The names by which a server can know a file: a workflow's dbPath may lead through links. */
function pathsOf(file: string): string[] {
  const path = resolve(file);
  const names = new Set([path]);
  if (existsSync(dirname(path))) names.add(join(realpathSync(dirname(path)), basename(path)));
  return [...names];
}

function show(
  { out }: CommandContext,
  { name }: DatabaseSource,
  listed: readonly ListedDatabase[],
  shortPath: (file: string) => string,
): void {
  if (out.isJson) {
    return out.json(listed.map(({ path, state, error }) => ({ file: path, state, problem: error?.message ?? null })));
  }
  if (listed.length === 0) out.line(`No workflow of ${name} has a database of its own.`);
  for (const { path, state, error } of listed) {
    out.line(`${state.padEnd(11)}  ${shortPath(path)}`);
    if (error) out.line(`             ${error.message}`);
  }
}

import type { Run } from "../../model/index.ts";
import { manyLines } from "../../text/printable.ts";
import { DatabaseSource } from "../source/database.ts";
import { whyOf } from "../why/why.ts";
import type { Host } from "./local-engine.ts";

/** Writes a command line from the words after `smithers`. */
export type CommandLine = (...words: readonly string[]) => string;

/** The reasons why a run does not continue, as `smithers why` prints them, each followed by its commands. */
export async function reasonLines(commandLine: CommandLine, host: Host, { runId }: Run): Promise<string[]> {
  const source = new DatabaseSource(host.store, host.file, host.rootDir);
  const reasons = await whyOf(source, await source.overview(runId));
  return reasons.flatMap(({ what, commands }) => [
    manyLines(what),
    ...commands.map((words) => `  $ ${commandLine(...words)}`),
  ]);
}

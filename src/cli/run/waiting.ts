import type { Run } from "../../model/index.ts";
import { DatabaseSource } from "../source/database.ts";
import { manyLines } from "../terminal/output.ts";
import { whyOf } from "../why.ts";
import type { Host } from "./local-engine.ts";

/** Words that follow `smithers`, as somebody can type them. */
export type CommandLine = (...words: readonly string[]) => string;

/** What keeps a run that nobody executes from going on, as `smithers why` says it, each with its commands. */
export async function reasonLines(commandLine: CommandLine, host: Host, { runId }: Run): Promise<string[]> {
  const source = new DatabaseSource(host.store, host.rootDir);
  const reasons = await whyOf(source, await source.findRun(runId));
  return reasons.flatMap(({ what, commands }) => [
    manyLines(what),
    ...commands.map((words) => `  $ ${commandLine(...words)}`),
  ]);
}

import { afterAll } from "bun:test";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { type Ended, plainEnv, smithers } from "./cli.ts";
import type { HostedLine } from "./command-host.ts";

/** Commands that read or decide, and execute no code of an author. */
const hosted = new Set([
  "approve",
  "cancel",
  "deny",
  "events",
  "frames",
  "inspect",
  "logs",
  "node",
  "ps",
  "signal",
  "why",
]);

/**
 * `smithers` and `smithersJson` for a file with many commands. Those that only read or decide run one after the other in
 * one process, because the start of a process costs many times what they do; the others run in a process of their own.
 */
export function hostedCommands(): { smithers: typeof smithers; smithersJson: (...given: Line) => Promise<any> } {
  let host: Host | undefined;
  let last: Promise<unknown> = Promise.resolve();
  afterAll(() => host?.child.kill("SIGKILL"));

  const inHost = async (line: HostedLine): Promise<Ended> => {
    host ??= startHost();
    const answer = once(host.child, "message");
    host.child.send(line);
    const given = await Promise.race([answer, host.gone]);
    if (given === undefined) throw new Error(`The process of the commands ended at: smithers ${line.args.join(" ")}`);
    return given[0];
  };
  const run = (cwd: string, ...args: string[]): Promise<Ended> => {
    if (!hosted.has(args[0]!) || args.includes("--follow") || args.includes("--watch")) return smithers(cwd, ...args);
    const ended = last.then(() => inHost({ cwd, args }));
    last = ended.catch(() => {});
    return ended;
  };
  const runJson = async (...[cwd, ...args]: Line) => {
    const { code, out, err } = await run(cwd, ...args, "--json");
    if (out === "") throw new Error(`It printed nothing and ended with ${code}: ${err}`);
    return JSON.parse(out);
  };
  return { smithers: run, smithersJson: runJson };
}

interface Host {
  readonly child: ChildProcess;
  readonly gone: Promise<undefined>;
}

function startHost(): Host {
  const child = spawn(process.execPath, [fileURLToPath(new URL("command-host.ts", import.meta.url))], {
    env: { ...process.env, ...plainEnv },
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  return { child, gone: once(child, "exit").then(() => undefined) };
}

type Line = [cwd: string, ...args: string[]];

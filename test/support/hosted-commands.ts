import { afterAll } from "bun:test";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { type Ended, plainEnv, smithers } from "./cli.ts";
import type { HostedLine } from "./command-host.ts";

/** Commands that read or decide, and execute no code of an author. */
const reading = new Set([
  "approve",
  "backup",
  "cancel",
  "deny",
  "doctor",
  "events",
  "frames",
  "gc",
  "inspect",
  "logs",
  "node",
  "ps",
  "signal",
  "trust",
  "why",
]);

/** What needs a process of its own: its stdin, its signals, or its end. */
const needsProcess = new Set(["-", "--detach", "--follow", "--hot", "--serve", "--watch", "init", "server"]);

interface HostedCommands {
  readonly smithers: typeof smithers;
  readonly smithersJson: (...given: Line) => Promise<any>;
  /** `smithers` for a line that is refused before anything starts; it always runs in the one process. */
  readonly refused: typeof smithers;
}

/**
 * `smithers` and `smithersJson` for a file with many commands. Those that only read or decide run one after the other in
 * one process, because the start of a process costs many times what they do; the others run in a process of their own.
 * @param options.executes whether commands that execute runs share the process too: for workflows that do nothing to it
 */
export function hostedCommands({ executes = false } = {}): HostedCommands {
  let host: Host | undefined;
  let last: Promise<unknown> = Promise.resolve();
  afterAll(async () => {
    host?.child.kill("SIGKILL");
    await host?.gone;
  });

  const inHost = async (line: HostedLine): Promise<Ended> => {
    host ??= startHost();
    const answer = once(host.child, "message");
    host.child.send(line);
    const given = await Promise.race([answer, host.gone]);
    if (given === undefined) throw new Error(`The process of the commands ended at: smithers ${line.args.join(" ")}`);
    return given[0];
  };
  const refused = (cwd: string, ...args: string[]): Promise<Ended> => {
    const ended = last.then(() => inHost({ cwd, args }));
    last = ended.catch(() => {});
    return ended;
  };
  const run = (cwd: string, ...args: string[]): Promise<Ended> => {
    const isHosted = (executes || reading.has(args[0]!)) && !args.some((word) => needsProcess.has(word));
    return (isHosted ? refused : smithers)(cwd, ...args);
  };
  const runJson = async (...[cwd, ...args]: Line) => {
    const { code, out, err } = await run(cwd, ...args, "--json");
    if (out === "") throw new Error(`It printed nothing and ended with ${code}: ${err}`);
    return JSON.parse(out);
  };
  return { smithers: run, smithersJson: runJson, refused };
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

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";
import { afterThisTest } from "./cleanup.ts";
import { testedModule } from "./tested-code.ts";

/** The command as a process of its own. */
export interface Command {
  readonly child: ChildProcess;
  /** What it has printed so far. */
  readonly printed: { out: string; err: string };
  /** Resolves when its stdout matches. */
  says(pattern: RegExp): Promise<void>;
  /** Resolves when its stderr matches. */
  saysBeside(pattern: RegExp): Promise<void>;
  /** Resolves when it has ended. */
  readonly ended: Promise<Ended>;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

/** The shell words that start the command, as its file in `bin` does. */
export const smithersWords = [process.execPath, "--no-install", testedModule("cli/main")];

/** The words of a command line that was printed for a person to copy, as bash reads them. */
export async function wordsOf(line: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)("bash", ["-c", `smithers() { printf '%s\\0' "$@"; }; ${line}`]);
  return stdout.split("\0").slice(0, -1);
}

/** What the machine that tests run on must not decide. */
export const plainEnv = {
  NO_COLOR: undefined,
  FORCE_COLOR: undefined,
  SMITHERS_URL: undefined,
  SMITHERS_DB: undefined,
  SMITHERS_API_KEY: undefined,
  npm_command: undefined,
};

export interface CommandOptions {
  readonly cwd: string;
  readonly env?: Record<string, string>;
  readonly input?: string;
}

/** Starts `smithers` with its stdin, stdout and stderr in pipes. */
export function startSmithers(args: readonly string[], { cwd, env = {}, input = "" }: CommandOptions): Command {
  const [program, ...words] = smithersWords;
  const child = spawn(program!, [...words, ...args], { cwd, env: { ...process.env, ...plainEnv, ...env } });
  afterThisTest(() => child.kill("SIGKILL"));
  child.stdin.on("error", () => {}).end(input);
  const printed = { out: "", err: "" };
  const waiting = new Set<() => void>();
  child.stdout.setEncoding("utf8").on("data", (text) => {
    printed.out += text;
    for (const look of waiting) look();
  });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    printed.err += text;
    for (const look of waiting) look();
  });
  const ended = once(child, "close").then(([code, signal]) => ({ code, signal, ...printed }) as Ended);
  const until = (stream: "out" | "err") => (pattern: RegExp) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (pattern.test(printed[stream])) resolve();
      };
      waiting.add(look);
      look();
      void ended.then(() => reject(new Error(`It ended before it said ${pattern}: ${printed.out}${printed.err}`)));
    });
  return { child, printed, says: until("out"), saysBeside: until("err"), ended };
}

/** Runs `smithers` to its end. */
export function smithers(cwd: string, ...args: string[]): Promise<Ended> {
  return startSmithers(args, { cwd }).ended;
}

/** Runs `smithers` with `--json` to its end; what it printed, parsed. */
export async function smithersJson(cwd: string, ...args: string[]): Promise<any> {
  const { code, out, err } = await smithers(cwd, ...args, "--json");
  if (out === "") throw new Error(`It printed nothing and ended with ${code}: ${err}`);
  return JSON.parse(out);
}

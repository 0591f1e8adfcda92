import { spawn } from "node:child_process";
import { SmithersError } from "../errors/index.ts";
import { currentTask } from "../jsx/index.ts";

export interface BashOptions {
  /** Defaults to the run's `rootDir`. */
  cwd?: string;
  /** Defaults to 60000. */
  timeoutMs?: number;
  /** Beside PATH, HOME and LANG, all that the command sees. */
  env?: Record<string, string>;
}

const defaultTimeoutMs = 60_000;
/** Kept of each of stdout and stderr. */
const maxOutputBytes = 200_000;
/** Between the polite and the final signal. */
const killAfterMs = 2_000;

/**
 * Runs a command with `bash -c` and returns its stdout without the final newline. As a tagged template it
 * quotes what is interpolated.
 *
 * @throws TOOL_COMMAND_FAILED with `{ exitCode, stdout, stderr }` when the command fails or takes too long
 * @example
 * await bash("echo hi");
 * await bash`echo ${text}`;
 */
export function bash(command: string, options?: BashOptions): Promise<string>;
export function bash(parts: TemplateStringsArray, ...values: unknown[]): Promise<string>;
export function bash(first: string | TemplateStringsArray, ...rest: unknown[]): Promise<string> {
  if (typeof first === "string") return run(first, (rest[0] as BashOptions | undefined) ?? {});
  return run(String.raw({ raw: first }, ...rest.map(quote)), {});
}

/** As one word of a shell command; an array is as many words. */
function quote(value: unknown): string {
  if (Array.isArray(value)) return value.map(quote).join(" ");
  return `'${String(value).replaceAll("'", "'\\''")}'`;
}

function run(command: string, { cwd, timeoutMs = defaultTimeoutMs, env }: BashOptions): Promise<string> {
  const task = currentTask();
  return new Promise((resolve, reject) => {
    const child = spawn("bash", ["-c", command], {
      cwd: cwd ?? task?.rootDir,
      env: { PATH: process.env.PATH, HOME: process.env.HOME, LANG: process.env.LANG, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      // A process group of its own, so that what the command started ends with it.
      detached: true,
    });
    const stdout = capture(child.stdout);
    const stderr = capture(child.stderr);
    let why: string | undefined;
    let killTimer: ReturnType<typeof setTimeout> | undefined;
    const end = (reason: string) => {
      if (why !== undefined) return;
      why = reason;
      killGroup(child.pid, "SIGTERM");
      killTimer = setTimeout(() => killGroup(child.pid, "SIGKILL"), killAfterMs);
    };
    const timer = setTimeout(() => end(`ran longer than ${timeoutMs} ms`), timeoutMs);
    const onAbort = () => end("was cancelled");
    task?.signal.addEventListener("abort", onAbort);
    if (task?.signal.aborted) onAbort();
    const cleanUp = () => {
      clearTimeout(timer);
      clearTimeout(killTimer);
      task?.signal.removeEventListener("abort", onAbort);
    };
    child.on("error", (cause) => {
      cleanUp();
      reject(new SmithersError("TOOL_COMMAND_FAILED", `bash could not be started: ${cause.message}.`, { cause }));
    });
    child.on("close", (exitCode, signal) => {
      cleanUp();
      if (exitCode === 0 && why === undefined) return resolve(stdout().replace(/\r?\n$/, ""));
      const result = why ?? (signal === null ? `exited with ${exitCode}` : `was ended by ${signal}`);
      const details = { exitCode, signal, stdout: stdout(), stderr: stderr() };
      const said = (details.stderr || details.stdout).trim().slice(-500);
      reject(new SmithersError("TOOL_COMMAND_FAILED", `The command ${result}${said ? `: ${said}` : ""}.`, { details }));
    });
  });
}

function capture(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream.on("data", (chunk: Buffer) => {
    if (bytes < maxOutputBytes) chunks.push(chunk.subarray(0, maxOutputBytes - bytes));
    bytes += chunk.length;
  });
  return () => {
    const text = Buffer.concat(chunks).toString("utf8");
    return bytes > maxOutputBytes ? `${text}\n[cut: ${bytes - maxOutputBytes} more bytes]` : text;
  };
}

function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended already.
  }
}

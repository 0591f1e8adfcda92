import { spawn } from "node:child_process";
import { StringDecoder } from "node:string_decoder";
import { afterMs } from "../timing/index.ts";

export interface ProgramCall {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Written to the program's stdin. */
  readonly input: string;
  readonly signal: AbortSignal | undefined;
  readonly timeoutMs: number | undefined;
  /** Longest time without any output, in ms. */
  readonly idleTimeoutMs: number | undefined;
  /** Largest output, and largest line, in bytes. */
  readonly maxOutputBytes: number;
  /** Called with each line of stdout as it comes. */
  onLine(line: string): void;
  onStderr(text: string): void;
}

export interface ProgramEnd {
  readonly exitCode: number | null;
  /** The last of what it wrote to stderr. */
  readonly stderr: string;
  /** Why it was ended from outside; undefined when it ended by itself. */
  readonly ended: "abort" | "timeout" | "idle" | "output" | undefined;
}

/** Time between SIGTERM and SIGKILL, in ms. */
const killAfterMs = 2_000;
const maxStderrLength = 20_000;

/** Ends a process group when this process is killed before it has said that the group has ended. */
const guardianScript = 'read -r line || { kill -s TERM -- "-$1"; sleep 1; kill -s KILL -- "-$1"; }';

/**
 * Runs a program without a shell, in a process group of its own, which ends as a whole: with the program, when the
 * signal aborts, when a limit has passed, and when this process is killed.
 * @throws the system's error when the program cannot be started, with `code` ENOENT when it is not installed
 */
export function callProgram(call: ProgramCall): Promise<ProgramEnd> {
  return new Promise((resolve, reject) => {
    const child = spawn(call.program, [...call.args], {
      cwd: call.cwd,
      env: { ...call.env },
      stdio: ["pipe", "pipe", "pipe"],
      detached: true,
    });
    const group = child.pid;
    const guardian = group === undefined ? undefined : startGuardian(group);
    let ended: ProgramEnd["ended"];
    let cancelKill = nothing;
    const end = (why: NonNullable<ProgramEnd["ended"]>) => {
      if (ended !== undefined) return;
      ended = why;
      signalGroup(group, "SIGTERM");
      cancelKill = afterMs(killAfterMs, () => signalGroup(group, "SIGKILL"));
    };
    const cancelTimeout = call.timeoutMs === undefined ? nothing : afterMs(call.timeoutMs, () => end("timeout"));
    let cancelIdle = nothing;
    const heard = () => {
      cancelIdle();
      cancelIdle = call.idleTimeoutMs === undefined ? nothing : afterMs(call.idleTimeoutMs, () => end("idle"));
    };
    heard();
    const onAbort = () => end("abort");
    call.signal?.addEventListener("abort", onAbort);
    if (call.signal?.aborted) onAbort();
    const cleanUp = () => {
      cancelTimeout();
      cancelIdle();
      cancelKill();
      call.signal?.removeEventListener("abort", onAbort);
    };

    let bytes = 0;
    let rest = "";
    const decoder = new StringDecoder("utf8");
    child.stdout.on("data", (chunk: Buffer) => {
      heard();
      bytes += chunk.length;
      if (bytes > call.maxOutputBytes) return end("output");
      const lines = (rest + decoder.write(chunk)).split("\n");
      rest = lines.pop()!;
      for (const line of lines) call.onLine(line);
    });
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      heard();
      stderr = (stderr + text).slice(-maxStderrLength);
      call.onStderr(text);
    });
    // A program that has ended without reading its input closes the pipe.
    child.stdin.on("error", nothing);
    child.stdin.end(call.input);
    child.on("error", (error) => {
      cleanUp();
      guardian?.();
      reject(error);
    });
    // What the program has left behind may hold its pipes open for ever.
    child.on("exit", () => signalGroup(group, "SIGKILL"));
    child.on("close", (exitCode) => {
      cleanUp();
      guardian?.();
      const last = rest + decoder.end();
      if (last !== "" && ended === undefined) call.onLine(last);
      resolve({ exitCode, stderr, ended });
    });
  });
}

function signalGroup(group: number | undefined, signal: NodeJS.Signals): void {
  if (group === undefined) return;
  try {
    process.kill(-group, signal);
  } catch {
    // It has ended.
  }
}

/** Returns a function that reports the end of the group. */
function startGuardian(group: number): () => void {
  const guardian = spawn("/bin/sh", ["-c", guardianScript, "guardian", String(group)], {
    cwd: "/",
    env: { PATH: "/usr/bin:/bin" },
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  // Without a shell, only this process ends the group.
  guardian.on("error", nothing);
  guardian.stdin.on("error", nothing);
  guardian.unref();
  return () => void guardian.stdin.end("ended\n");
}

function nothing(): void {}

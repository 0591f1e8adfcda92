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
    const limits = new Limits(call, group);
    const stdout = new Lines(call.onLine);
    child.stdout.on("data", (chunk: Buffer) => {
      limits.heard(chunk.length);
      if (limits.ended !== "output") stdout.take(chunk);
    });
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      limits.heard(0);
      stderr = (stderr + text).slice(-maxStderrLength);
      call.onStderr(text);
    });
    // A program that has ended without reading its input closes the pipe.
    child.stdin.on("error", nothing);
    child.stdin.end(call.input);
    child.on("error", (error) => {
      limits.stop();
      guardian?.();
      reject(error);
    });
    // What the program has left behind may hold its pipes open for ever.
    child.on("exit", () => signalGroup(group, "SIGKILL"));
    child.on("close", (exitCode) => {
      limits.stop();
      guardian?.();
      if (limits.ended === undefined) stdout.end();
      resolve({ exitCode, stderr, ended: limits.ended });
    });
  });
}

/** Ends a program when its signal aborts, or when it takes longer or prints more than it may. */
class Limits {
  readonly #call: ProgramCall;
  readonly #group: number | undefined;
  readonly #onAbort = () => this.#end("abort");
  #ended: ProgramEnd["ended"];
  #bytes = 0;
  #cancelTimeout = nothing;
  #cancelIdle = nothing;
  #cancelKill = nothing;

  constructor(call: ProgramCall, group: number | undefined) {
    this.#call = call;
    this.#group = group;
    const { timeoutMs, signal } = call;
    if (timeoutMs !== undefined) this.#cancelTimeout = afterMs(timeoutMs, () => this.#end("timeout"));
    this.heard(0);
    signal?.addEventListener("abort", this.#onAbort);
    if (signal?.aborted) this.#onAbort();
  }

  /** Why the program was ended; undefined when it was not. */
  get ended(): ProgramEnd["ended"] {
    return this.#ended;
  }

  /** Notes that the program has printed something, and how many bytes of it count. */
  heard(bytes: number): void {
    this.#cancelIdle();
    const { idleTimeoutMs, maxOutputBytes } = this.#call;
    this.#cancelIdle = idleTimeoutMs === undefined ? nothing : afterMs(idleTimeoutMs, () => this.#end("idle"));
    this.#bytes += bytes;
    if (this.#bytes > maxOutputBytes) this.#end("output");
  }

  /** Watches no longer: the program has ended. */
  stop(): void {
    this.#cancelTimeout();
    this.#cancelIdle();
    this.#cancelKill();
    this.#call.signal?.removeEventListener("abort", this.#onAbort);
  }

  #end(why: NonNullable<ProgramEnd["ended"]>): void {
    if (this.#ended !== undefined) return;
    this.#ended = why;
    signalGroup(this.#group, "SIGTERM");
    this.#cancelKill = afterMs(killAfterMs, () => signalGroup(this.#group, "SIGKILL"));
  }
}

/** Cuts bytes that come in chunks into lines of text. */
class Lines {
  readonly #onLine: (line: string) => void;
  readonly #decoder = new StringDecoder("utf8");
  #rest = "";

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  take(chunk: Buffer): void {
    const lines = (this.#rest + this.#decoder.write(chunk)).split("\n");
    this.#rest = lines.pop()!;
    for (const line of lines) this.#onLine(line);
  }

  /** The last line may have no line break. */
  end(): void {
    const last = this.#rest + this.#decoder.end();
    if (last !== "") this.#onLine(last);
  }
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

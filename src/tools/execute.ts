import { StringDecoder } from "node:string_decoder";
import { Capture } from "./capture.ts";
import { kill, type SandboxedProcess, terminate } from "./sandbox/index.ts";

/** Between the polite and the final signal. */
const killAfterMs = 2_000;
/** Of what is shown while a command runs; nobody counts further. */
const maxShownLength = 200_001;

export interface ExecuteOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Told of what the command says while it runs. */
  onOutput?(text: string, stream: "stdout" | "stderr"): void;
}

export interface Executed {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Why it was ended from outside. */
  readonly ended: "timeout" | "abort" | undefined;
  /** False when the sandbox could not be set up, so that the command never ran. */
  readonly hasStarted: boolean;
}

/**
 * Follows a command to its end: the end of its first process, with which everything that it has left behind ends too.
 * Rejects when it could not be started.
 */
export function execute(child: SandboxedProcess, options: ExecuteOptions): Promise<Executed> {
  return new Promise((resolve, reject) => {
    const stdout = new Capture();
    const stderr = new Capture();
    const decoders = [follow(child.stdout, stdout, "stdout", options), follow(child.stderr, stderr, "stderr", options)];
    let ended: Executed["ended"];
    let killTimer: ReturnType<typeof setTimeout> | undefined;
    const end = (why: "timeout" | "abort") => {
      if (ended !== undefined) return;
      ended = why;
      terminate(child);
      killTimer = setTimeout(() => kill(child), killAfterMs);
    };
    const timer = setTimeout(() => end("timeout"), options.timeoutMs);
    const onAbort = () => end("abort");
    options.signal.addEventListener("abort", onAbort);
    if (options.signal.aborted) onAbort();
    const cleanUp = () => {
      clearTimeout(timer);
      clearTimeout(killTimer);
      options.signal.removeEventListener("abort", onAbort);
    };
    child.on("error", (error) => {
      cleanUp();
      reject(error);
    });
    child.on("close", (exitCode) => {
      cleanUp();
      for (const flush of decoders) flush();
      // A sandbox that is killed has no time to say what it has done.
      const hasStarted = exitCode === null || ended !== undefined || child.hasStarted();
      resolve({ exitCode, stdout: stdout.text(), stderr: stderr.text(), ended, hasStarted });
    });
  });
}

/** Captures a stream and shows it; returns how to show its last, incomplete character. */
function follow(
  stream: NodeJS.ReadableStream,
  capture: Capture,
  name: "stdout" | "stderr",
  { onOutput }: ExecuteOptions,
): () => void {
  const decoder = new StringDecoder("utf8");
  let shown = 0;
  stream.on("data", (chunk: Buffer) => {
    capture.add(chunk);
    if (!onOutput || shown >= maxShownLength) return;
    const text = decoder.write(chunk);
    shown += text.length;
    onOutput(text, name);
  });
  return () => {
    if (shown < maxShownLength) onOutput?.(decoder.end(), name);
  };
}

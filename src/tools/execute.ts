import { StringDecoder } from "node:string_decoder";
import { Capture } from "./capture.ts";
import { kill, type SandboxedProcess, terminate } from "./sandbox/index.ts";

/** Time between SIGTERM and SIGKILL, in ms. */
const killAfterMs = 2_000;
/** Length of the output that is shown while a command runs, just above the limit of an attempt. */
const maxShownLength = 200_001;

export interface ExecuteOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Called with the command's output while it runs. */
  onOutput?(text: string, stream: "stdout" | "stderr"): void;
}

export interface Executed {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Why it was ended from outside; undefined when it ended by itself. */
  readonly ended: "timeout" | "abort" | undefined;
  /** False when the sandbox could not be set up, so that the command never ran. */
  readonly hasStarted: boolean;
  /** Why the command never ran, if the sandbox has said so. */
  readonly problem?: string;
}

/**
 * Follows a command until its first process ends; processes that it left behind end too.
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
      // A sandbox that is killed cannot report that it has started the command.
      const hasStarted = exitCode === null || ended !== undefined || child.hasStarted();
      const problem = hasStarted ? undefined : child.problem();
      const said = { stdout: stdout.text(), stderr: stderr.text() };
      resolve({ exitCode, ...said, ended, hasStarted, ...(problem !== undefined && { problem }) });
    });
  });
}

/** Captures and shows a stream. Returns a function that shows its last, incomplete character. */
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

import { Engine, settled } from "../engine/index.ts";
import { hasEnded, type Run, type RunStatus, type StoredEvent } from "../model/index.ts";
import type { Store } from "../store/index.ts";
import { type CommandContext, type ExitCode, exitCodes } from "./command.ts";
import { closeLoaders, loadWorkflow } from "./load-workflow.ts";

/** Shows what a run does while it is executed here. */
export interface Progress {
  /** Called with the events of each commit. */
  show(events: readonly StoredEvent[]): void;
  /** Called once, when the run is let go of. */
  end(): void;
}

export interface ExecuteOptions {
  readonly store: Store;
  /** What workflow paths are relative to, and what tools are confined to. */
  readonly rootDir: string;
  readonly allowNetwork?: boolean;
  readonly progress: Progress;
  /** Starts or continues the run; what it throws, this throws. */
  begin(engine: Engine): Promise<string>;
  /** Called when the run is let go of, before the store is left. */
  done?(run: Run, output: unknown): Promise<void> | void;
}

/** How long attempts may go on after Ctrl+C. */
const graceMs = 5_000;

/**
 * Executes a run in this process until it ends or waits for somebody, and prints how it stands then. Ctrl+C (or
 * SIGTERM) once lets attempts end and says how to resume; twice ends at once.
 */
export async function executeHere(context: CommandContext, options: ExecuteOptions): Promise<ExitCode> {
  const { store, rootDir, allowNetwork = false, progress } = options;
  const engine = new Engine({
    store,
    scope: "own",
    rootDir,
    allowNetwork,
    resolveWorkflow: (run) => loadWorkflow(rootDir, run),
  });
  engine.begin();
  const stopped = stopSignal(context);
  let runId: string | undefined;
  // What is committed before the id is known is the run's first events.
  const stopShowing = engine.feed.subscribe((events) => progress.show(events));
  try {
    runId = await options.begin(engine);
    const ended = settled(engine, runId).then(() => undefined);
    ended.catch(() => {});
    const signal = await Promise.race([ended, stopped.signal]);
    if (signal !== undefined) {
      await engine.close(graceMs);
      progress.end();
      const run = await store.findRun(runId);
      // It may have come to its end in the time of grace.
      if (run && !hasEnded(run.status)) {
        context.out.say(`Stopped. Continue it with: ${context.commandLine("resume", runId)}`);
      }
      return signal === "SIGTERM" ? 143 : 130;
    }
    progress.end();
    const run = (await store.findRun(runId))!;
    await options.done?.(run, await store.lastOutput(run));
    return exitCodeOfRun(run.status);
  } finally {
    stopped.forget();
    stopShowing();
    await engine.close(graceMs);
    await closeLoaders();
  }
}

/** What a process exits with that has executed a run. */
export function exitCodeOfRun(status: RunStatus): ExitCode {
  if (status === "failed") return exitCodes.failed;
  if (status === "cancelled") return exitCodes.cancelled;
  return status === "finished" || status === "continued" ? exitCodes.done : exitCodes.waiting;
}

function stopSignal({ out }: CommandContext) {
  const signals = ["SIGINT", "SIGTERM"] as const;
  let heard: (signal: NodeJS.Signals) => void;
  const signal = new Promise<NodeJS.Signals>((resolve) => {
    heard = resolve;
  });
  let isSecond = false;
  const listen = (name: NodeJS.Signals) => {
    if (isSecond) process.exit(name === "SIGTERM" ? 143 : 130);
    isSecond = true;
    out.say(`Stopping once what runs now has ended, at most ${graceMs / 1_000} s. Ctrl+C again ends it at once.`);
    heard(name);
  };
  for (const name of signals) process.on(name, listen);
  const forget = () => {
    for (const name of signals) process.off(name, listen);
  };
  return { signal, forget };
}

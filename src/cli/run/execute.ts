import { settled } from "../../engine/index.ts";
import { hasEnded, type Run } from "../../model/index.ts";
import type { ServedRun } from "../../server/index.ts";
import { waitAtMost } from "../../timing/index.ts";
import { type CommandContext, type ExitCode, exitCodes } from "../command.ts";
import { describeError } from "../errors.ts";
import { captureConsole, stdoutMethods } from "../terminal/console.ts";
import { reportStarted } from "./detach.ts";
import { reloadOnEdit } from "./hot.ts";
import { Interrupt } from "./interrupt.ts";
import type { Host } from "./local-engine.ts";
import type { ProgressLogger } from "./log.ts";
import { type ProgressDisplay, progressOf } from "./progress.ts";
import { commandLineOf, endOf, reportEnd } from "./report.ts";
import { reasonLines } from "./waiting.ts";

export interface ExecuteRunOptions {
  /** Id of the run; known before the run starts. */
  readonly runId: string;
  /** Starts or continues the run; resolves once that is stored. */
  begin(): Promise<void>;
  /** Serves the run over HTTP until the process ends. */
  readonly serve?: () => Promise<ServedRun>;
  /** The workflow's file, if its edits apply while it runs. */
  readonly hot?: string;
  /** Prints through the progress display while there is one. */
  readonly log?: ProgressLogger;
  /** Whether progress is not shown. */
  readonly isQuiet?: boolean;
}

/** How long running attempts may take after the first Ctrl+C. */
const graceMs = 5_000;

/**
 * Executes a run in this process and shows its progress, until it ends or waits for a person; a served run, until
 * Ctrl+C. The first Ctrl+C (or SIGTERM) lets running attempts end and prints how to resume; the second ends the process
 * at once. Closes the host.
 */
export async function executeRun(context: CommandContext, host: Host, options: ExecuteRunOptions): Promise<ExitCode> {
  const { out } = context;
  const { engine, store } = host;
  let { runId } = options;
  const interrupt = new Interrupt();
  out.surviveClosedPipe();
  const progress = progressOf(out, store, runId, options.isQuiet === true);
  options.log?.printWith((text) => progress.say(text));
  // With --json, the result must be the only output on stdout.
  const releaseConsole = out.isJson ? captureConsole(stdoutMethods, (text) => progress.say(text)) : () => {};
  const unfollow = engine.feed.subscribe((events) => {
    // How the runs of subflows begin and end is not told as if it was about this one.
    const told = events.filter((event) => event.runId === runId || !event.type.startsWith("Run"));
    if (told.length > 0) progress.take(told);
  });
  let served: ServedRun | undefined;
  let stopHot = () => {};
  let hasBegun = false;
  let reportedSeq: number | undefined;
  try {
    served = await options.serve?.();
    await options.begin();
    hasBegun = true;
    reportStarted({ runId, ...(served && { url: served.url }) });
    if (served) progress.say(`Serving the run ${runId} at ${served.url}`);
    else if (process.stderr.isTTY) progress.say(out.styleNote("dim", startLine(host, runId)));
    if (options.hot !== undefined) stopHot = reloadOnEdit(host, runId, options.hot, (text) => progress.say(text));
    const onContinued = (continuedAs: string) => {
      runId = continuedAs;
      void progress.moveTo(continuedAs);
    };
    const executed = { runId, onContinued: served ? undefined : onContinued };
    reportedSeq = await untilEnded(context, host, executed, progress, interrupt);
  } finally {
    stopHot();
    if (interrupt.code !== undefined && engine.activeRuns > 0) {
      progress.say(
        `Stopping: running attempts get up to ${graceMs / 1_000} s to end. Press Ctrl+C again to stop at once.`,
      );
    }
    await engine.close(graceMs);
    await served?.close();
    if (hasBegun) await progress.settle();
    unfollow();
    releaseConsole();
    options.log?.printWith((text) => out.say(text));
    if (!hasBegun) await host.close();
  }
  try {
    return await reportOutcome(context, host, runId, interrupt, reportedSeq);
  } finally {
    await host.close();
    interrupt.stop();
  }
}

/**
 * Prints how a run has ended, or what it waits for.
 * @param reportedSeq number of the run's last event when its state was last printed
 */
async function reportOutcome(
  context: CommandContext,
  host: Host,
  runId: string,
  interrupt: Interrupt,
  reportedSeq: number | undefined,
): Promise<ExitCode> {
  const outcome = await host.store.readOutcome(runId);
  if (!outcome) return exitCodes.failed;
  const { run } = outcome;
  await host.store.check().catch((error) => context.out.say(describeError(error)));
  const wasStopped = interrupt.code !== undefined;
  await reportEnd(context, host, outcome, { wasStopped, isReported: run.lastSeq === reportedSeq });
  // When the run has ended meanwhile, its result counts, not the signal.
  return hasEnded(run.status) ? codeOf(run) : (interrupt.code ?? codeOf(run));
}

/** The first line above the tree, which shows only nodes. */
function startLine({ source }: Host, runId: string): string {
  return source === undefined ? `Continuing ${runId}` : `Running ${source.workflowPath} as ${runId}`;
}

interface ExecutedRun {
  readonly runId: string;
  /** Learns of the run that continues this one; undefined for a served run, which is not followed. */
  readonly onContinued: ((continuedAs: string) => void) | undefined;
}

/**
 * Resolves when the run has ended or waits for a person, or when the process is interrupted; for a served run, only
 * when the process is interrupted. A run that is not served is followed to those that continue it.
 * @returns the number of the run's last event when its state was last printed
 */
async function untilEnded(
  context: CommandContext,
  host: Host,
  { runId, onContinued }: ExecutedRun,
  progress: ProgressDisplay,
  interrupt: Interrupt,
): Promise<number | undefined> {
  let reportedSeq: number | undefined;
  for (;;) {
    const ended = settled(host.engine, runId, onContinued);
    // After an interrupt, no one awaits this promise.
    ended.catch(() => {});
    const result = await Promise.race([ended, interrupt.came]);
    if (typeof result === "number" || onContinued) return reportedSeq;
    const changed = nextChange(host, runId);
    const run = await host.store.findRun(runId);
    if (!run) return undefined;
    if (isAboutToContinue(run)) {
      await waitAtMost(takesUpWithinMs, Promise.race([changed, interrupt.came]));
      if (interrupt.code !== undefined) return reportedSeq;
      const now = await host.store.findRun(runId);
      if (!now || now.lastSeq !== run.lastSeq || !isAboutToContinue(now)) continue;
    }
    await progress.settle();
    if (hasEnded(run.status)) progress.say(`${endOf(context.out, run)} It is served until Ctrl+C.`);
    for (const line of await reasonLines(commandLineOf(context, host), host, run)) progress.say(line);
    reportedSeq = run.lastSeq;
    if ((await Promise.race([changed, interrupt.came])) !== undefined) return reportedSeq;
  }
}

/** A run takes in what has arrived within milliseconds, unless it cannot continue. */
const takesUpWithinMs = 2_000;

/** Whether this process is about to execute the run, although it looks like one that waits. */
function isAboutToContinue({ status, owner, inboxNo, takenNo, wakeFailure }: Run): boolean {
  return !hasEnded(status) && wakeFailure === null && (owner !== null || inboxNo > takenNo);
}

/** Resolves at the run's next commit. */
function nextChange({ engine }: Host, runId: string): Promise<undefined> {
  return new Promise((resolve) => {
    const changed = () => {
      stop();
      resolve(undefined);
    };
    const stop = engine.feed.follow(runId, { committed: changed, changedElsewhere: changed });
  });
}

function codeOf({ status }: Run): ExitCode {
  if (status === "failed") return exitCodes.failed;
  if (status === "cancelled") return exitCodes.cancelled;
  return hasEnded(status) ? exitCodes.done : exitCodes.waiting;
}

import { resolve } from "node:path";
import { register, runAs, runAsNone, runMarked, type TimerScope } from "../../containment/index.ts";
import { cutData, describeThrown, SmithersError } from "../../errors/index.ts";
import { type FileRules, runInTask, type TaskContext, type WorktreeSpec } from "../../jsx/index.ts";
import type { Attempt, NewEvent, StoredEvent } from "../../model/index.ts";
import type { PlannedTask } from "../../plan/index.ts";
import type { Logger } from "../logger.ts";
import { type EngineObserver, within } from "../observer.ts";
import { originOf } from "../strays.ts";
import { type RecordedError, recordThrown } from "../thrown.ts";
import { AgentsFailed, type ChainRefusal, executeAgent } from "./agent.ts";
import { type AgentBudget, tokensOf, usageReports } from "./budget.ts";
import { OutputBuffer } from "./output-buffer.ts";
import { isRetryable } from "./retryable.ts";
import { sessionIn } from "./session.ts";
import { TimeLimits } from "./time-limits.ts";
import { accessOf } from "./tool-access.ts";
import { type ToolCallLog, ToolCalls } from "./tool-calls.ts";
import { type TaskValue, toTaskValue } from "./value.ts";
import { enterWorktree, type InWorktree, leaveWorktree } from "./worktree.ts";

export type AttemptOutcome =
  | { ok: true; value: TaskValue }
  | ({ ok: false; retryable: boolean; refusal?: ChainRefusal } & RecordedError);

/** What an attempt takes from its run. */
export interface AttemptSettings {
  /** The files of the workflow's code. */
  readonly files: ReadonlySet<string>;
  /** Timers that the run's code has started. */
  readonly timers: TimerScope;
  readonly log: Logger;
  readonly rootDir: string;
  readonly allowNetwork: boolean;
  readonly fileRules: FileRules;
  readonly toolCalls: ToolCallLog;
  readonly observer: EngineObserver | undefined;
  /** What the run's agents have reported, oldest first. */
  agentReports(): Promise<readonly StoredEvent[]>;
  /** Receives the events of the running attempt: heartbeats (at most one per second), output, and reports of agents. */
  emit(event: NewEvent): void;
}

/** An attempt in flight. */
export interface RunningAttempt {
  readonly attempt: Attempt;
  /** Never rejects. */
  readonly outcome: Promise<AttemptOutcome>;
  /** Never rejects. Resolves when the code has ended, which may be after the outcome: code may ignore its signal. */
  readonly codeEnd: Promise<void>;
  /** Ends the attempt with `reason`, even if its code ignores the signal. */
  abort(reason: Error): void;
}

const heartbeatEventMs = 1_000;
/** Largest data of a heartbeat, in bytes of JSON. */
const maxHeartbeatBytes = 16_384;

/** Starts a task's code, bounded by its timeouts. `deps` are the outputs that the task depends on. */
export function launchAttempt(
  task: PlannedTask,
  attempt: Attempt,
  deps: unknown,
  settings: AttemptSettings,
): RunningAttempt {
  const controller = new AbortController();
  const interrupted = Promise.withResolvers<never>();
  interrupted.promise.catch(nothing);
  const { runId, nodeId, iteration } = attempt;
  const origin = originOf({
    kind: "attempt",
    facts: { runId, nodeId, iteration, attempt: attempt.attempt },
    files: () => settings.files,
    timers: settings.timers,
    log: settings.log,
    take(thrown) {
      if (!isOver) {
        interrupted.reject(thrown);
        abort(new SmithersError("TASK_CANCELLED", `"${nodeId}" has failed.`));
        return ", and the attempt fails";
      }
      settings.emit({ type: "NodeOutput", ...at, text: strayText(thrown), stream: "stderr" });
      return " after the attempt had ended";
    },
  });
  const at = { nodeId, iteration, attempt: attempt.attempt };
  let isOver = false;
  // What listens for the abort is the task's code.
  const abort = (reason: Error) => runAs(origin, () => controller.abort(reason));
  const limits = new TimeLimits(task, abort);

  const output = new OutputBuffer((text, stream) => settings.emit({ type: "NodeOutput", ...at, text, stream }));
  const toolCalls = new ToolCalls(attempt, settings.toolCalls, controller.signal);
  let emittedAtMs = Number.NEGATIVE_INFINITY;
  const contextOf = (folder: InWorktree): TaskContext => ({
    ...accessOf({ ...settings, ...folder }, attempt.nodeId, toolsOf(task)),
    fileRules: folder.worktree ? absolute(settings.fileRules, settings.rootDir) : settings.fileRules,
    runId: attempt.runId,
    nodeId: attempt.nodeId,
    iteration: attempt.iteration,
    attempt: attempt.attempt,
    signal: controller.signal,
    idempotencyKey: `${attempt.runId}:${attempt.nodeId}:${attempt.iteration}`,
    output(text, stream = "stdout") {
      if (controller.signal.aborted) return;
      limits.heartbeat();
      output.add(text, stream);
    },
    beginToolCall(call) {
      limits.heartbeat();
      return runAsNone(() => toolCalls.begin(call));
    },
    heartbeat(data) {
      if (controller.signal.aborted) return;
      limits.heartbeat();
      const nowMs = performance.now();
      if (nowMs - emittedAtMs < heartbeatEventMs) return;
      emittedAtMs = nowMs;
      settings.emit({
        type: "TaskHeartbeat",
        ...at,
        data: cutData(data, maxHeartbeatBytes),
      });
    },
  });

  controller.signal.addEventListener("abort", () => interrupted.reject(controller.signal.reason), { once: true });
  const code = async () => {
    const { worktree: spec } = task.spec as { worktree?: WorktreeSpec };
    if (!spec) return codeIn({ rootDir: settings.rootDir, below: "", worktree: undefined });
    const entered = await limits.without(() => enterWorktree(settings, spec));
    try {
      controller.signal.throwIfAborted();
      return await codeIn(entered);
    } finally {
      entered.worktree?.release();
    }
  };
  const codeIn = (folder: InWorktree) => {
    const context = contextOf(folder);
    const body = async () => {
      const value = await execute(task, deps, context, limits, settings);
      // How long a schema takes to validate the value is not the task's doing.
      limits.stop();
      const { spec } = task;
      const result = "result" in spec ? spec.result : undefined;
      return within(settings.observer, place, () => toTaskValue(task.nodeId, spec.output, value, result));
    };
    return runInTask(context, body, (text, stream) => output.add(text, stream));
  };
  const { observer } = settings;
  const place = { runId, nodeId, iteration, timeoutMs: limits.timeoutMs };
  const unregister = register(origin);
  const contained = () => runAs(origin, () => runMarked(origin, code));
  const work = within(observer, place, () => (observer ? observer.aroundAttempt(attempt, contained) : contained()));
  const outcome = Promise.race([work, interrupted.promise])
    .then<AttemptOutcome, AttemptOutcome>(
      (value) => ({ ok: true, value }),
      (thrown) => ({
        ok: false,
        ...recordThrown(thrown, settings.rootDir),
        retryable: isRetryable(thrown),
        refusal: AgentsFailed.refusalOf(thrown),
      }),
    )
    .finally(() => {
      isOver = true;
      limits.stop();
      output.close();
      runAs(origin, () => toolCalls.close());
    });
  const codeEnd = work.then(unregister, unregister);
  return { attempt, outcome, codeEnd, abort };
}

function execute(
  task: PlannedTask,
  deps: unknown,
  context: TaskContext,
  limits: TimeLimits,
  settings: AttemptSettings,
): unknown {
  const { spec } = task;
  if (spec.kind === "agent") {
    return executeAgent(spec, task.prompt, deps, {
      context,
      emit: settings.emit,
      validate: (work) => limits.without(work),
      sessionOf: async (agent) => sessionIn(await earlierReports(context, settings), context, agent),
      budget: async () =>
        task.aspects.length === 0 ? undefined : budgetOf(task, await earlierReports(context, settings)),
    });
  }
  if (spec.kind === "compute" && spec.removes) return leaveWorktree(spec.removes, context);
  // The dependencies come first when the task has any.
  if (spec.kind === "compute") return spec.deps ? spec.run(deps, context) : spec.run(context);
  throw new Error(`A node of kind ${spec.kind} has no code.`);
}

/** What the agents have reported before this attempt; nothing in the first one. */
async function earlierReports({ attempt }: TaskContext, settings: AttemptSettings): Promise<readonly StoredEvent[]> {
  return attempt > 1 ? settings.agentReports() : [];
}

function budgetOf({ aspects, nodeId, iteration }: PlannedTask, reports: readonly StoredEvent[]): AgentBudget {
  const own = usageReports(reports.map(({ json }) => JSON.parse(json) as NewEvent)).filter(
    (report) => report.nodeId === nodeId && report.iteration === iteration,
  );
  return {
    aspects: aspects.map(({ key }) => key),
    tokens: aspects.findLast(({ spec }) => spec.tokens)?.spec.tokens,
    usedBefore: own.reduce((sum, report) => sum + tokensOf(report), 0),
  };
}

/** The rules with paths that do not depend on the root any more. */
function absolute(rules: FileRules, rootDir: string): FileRules {
  return { ...rules, readable: rules.readable.map((path) => resolve(rootDir, path)) };
}

function toolsOf({ spec }: PlannedTask) {
  return "tools" in spec ? spec.tools : undefined;
}

function strayText(thrown: unknown): string {
  const { name, message } = describeThrown(thrown);
  return `Uncaught after the task had ended: ${name}: ${message}\n`;
}

function nothing(): void {}

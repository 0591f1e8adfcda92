import { register, runAs, runMarked } from "../../containment/index.ts";
import { describeThrown, SmithersError } from "../../errors/index.ts";
import type { Attempt } from "../../model/index.ts";
import type { PlannedTask } from "../../plan/index.ts";
import { within } from "../observer.ts";
import { originOf } from "../strays.ts";
import { type RecordedError, recordThrown } from "../thrown.ts";
import { AgentsFailed, type ChainRefusal } from "./agent.ts";
import { OutputBuffer } from "./output-buffer.ts";
import { isRetryable } from "./retryable.ts";
import { runTask } from "./run-task.ts";
import type { AttemptSettings } from "./settings.ts";
import { TimeLimits } from "./time-limits.ts";
import { ToolCalls } from "./tool-calls.ts";
import type { TaskValue } from "./value.ts";

export type AttemptOutcome =
  | { ok: true; value: TaskValue }
  | ({ ok: false; retryable: boolean; refusal?: ChainRefusal } & RecordedError);

/** An attempt in flight. */
export interface RunningAttempt {
  readonly attempt: Attempt;
  /** Never rejects. */
  readonly outcome: Promise<AttemptOutcome>;
  /** Never rejects. Resolves when the code has ended, which may be after the outcome: code may ignore its signal. */
  readonly codeEnd: Promise<void>;
  /** Whether its code has begun a tool call. None begins once the outcome is known. */
  hasCalledTools(): boolean;
  /** Ends the attempt with `reason`, even if its code ignores the signal. */
  abort(reason: Error): void;
}

/** Starts a task's code, bounded by its timeouts. `deps` are the outputs that the task depends on. */
export function launchAttempt(
  task: PlannedTask,
  attempt: Attempt,
  deps: unknown,
  settings: AttemptSettings,
): RunningAttempt {
  const controller = new AbortController();
  /** How the attempt ends: with its code, or before that. */
  const ended = Promise.withResolvers<TaskValue>();
  const { runId, nodeId, iteration } = attempt;
  const origin = originOf({
    kind: "attempt",
    facts: { runId, nodeId, iteration, attempt: attempt.attempt },
    files: () => settings.files,
    timers: settings.timers,
    log: settings.log,
    take(thrown) {
      if (!isOver) {
        ended.reject(thrown);
        abort(new SmithersError("TASK_CANCELLED", `"${nodeId}" has failed.`));
        return ", and the attempt fails";
      }
      settings.emit({ type: "NodeOutput", ...at, text: strayText(thrown), stream: "stderr" });
      return " after the attempt had ended";
    },
  });
  const at = { nodeId, iteration, attempt: attempt.attempt };
  let isOver = false;
  const abort = (reason: Error) => {
    // Before the task's code, which listens for the abort, can end the attempt in another way.
    ended.reject(reason);
    runAs(origin, () => controller.abort(reason));
  };
  const limits = new TimeLimits(task, abort);

  const output = new OutputBuffer((text, stream) => settings.emit({ type: "NodeOutput", ...at, text, stream }));
  const toolCalls = new ToolCalls(attempt, settings.toolCalls, controller.signal);
  const parts = { task, attempt, settings, signal: controller.signal, limits, output, toolCalls };
  const { observer } = settings;
  const place = { runId, nodeId, iteration, timeoutMs: limits.timeoutMs };
  const unregister = register(origin);
  const contained = () => runAs(origin, () => runMarked(origin, () => runTask(parts, deps, place)));
  const work = within(observer, place, () => (observer ? observer.aroundAttempt(attempt, contained) : contained()));
  // What was thrown may have code that is called when it is read.
  const failureOf = (thrown: unknown) =>
    within<AttemptOutcome>(observer, place, () => ({
      ok: false,
      ...recordThrown(thrown, settings.rootDir),
      retryable: isRetryable(thrown),
      refusal: AgentsFailed.refusalOf(thrown),
    }));
  const outcomeOf = async (): Promise<AttemptOutcome> => {
    try {
      return { ok: true, value: await ended.promise };
    } catch (thrown) {
      try {
        return failureOf(thrown);
      } catch (unreadable) {
        // Reading what was thrown has failed.
        return failureOf(unreadable);
      }
    } finally {
      isOver = true;
      limits.stop();
      output.close();
      runAs(origin, () => toolCalls.close());
    }
  };
  work.then(ended.resolve, ended.reject);
  const codeEnd = work.then(unregister, unregister);
  return { attempt, outcome: outcomeOf(), codeEnd, hasCalledTools: () => toolCalls.haveBegun, abort };
}

function strayText(thrown: unknown): string {
  const { name, message } = describeThrown(thrown);
  return `Uncaught after the task had ended: ${name}: ${message}\n`;
}

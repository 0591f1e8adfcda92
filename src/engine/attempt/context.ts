import { resolve } from "node:path";
import { runAsNone } from "../../containment/index.ts";
import { cutData } from "../../errors/index.ts";
import type { FileRules, TaskContext } from "../../jsx/index.ts";
import type { Attempt } from "../../model/index.ts";
import type { PlannedTask } from "../../plan/index.ts";
import type { OutputBuffer } from "./output-buffer.ts";
import type { AttemptSettings } from "./settings.ts";
import type { TimeLimits } from "./time-limits.ts";
import { accessOf } from "./tool-access.ts";
import type { ToolCalls } from "./tool-calls.ts";
import type { InWorktree } from "./worktree.ts";

const heartbeatEventMs = 1_000;
/** Largest data of a heartbeat, in bytes of JSON. */
const maxHeartbeatBytes = 16_384;

/** What belongs to an attempt in flight. */
export interface AttemptParts {
  readonly task: PlannedTask;
  readonly attempt: Attempt;
  readonly settings: AttemptSettings;
  readonly signal: AbortSignal;
  readonly limits: TimeLimits;
  readonly output: OutputBuffer;
  readonly toolCalls: ToolCalls;
}

/** What a task's code can ask and tell while it runs in `folder`. */
export function contextOf(parts: AttemptParts, folder: InWorktree): TaskContext {
  const { task, attempt, settings, signal, limits, output, toolCalls } = parts;
  const { runId, nodeId, iteration } = attempt;
  let emittedAtMs = Number.NEGATIVE_INFINITY;
  return {
    ...accessOf(folder, settings.allowNetwork, nodeId, toolsOf(task)),
    fileRules: folder.worktree ? absolute(settings.fileRules, settings.rootDir) : settings.fileRules,
    runId,
    nodeId,
    iteration,
    attempt: attempt.attempt,
    signal,
    idempotencyKey: `${runId}:${nodeId}:${iteration}`,
    output(text, stream = "stdout") {
      if (signal.aborted) return;
      limits.heartbeat();
      output.add(text, stream);
    },
    beginToolCall(call) {
      limits.heartbeat();
      return runAsNone(() => toolCalls.begin(call));
    },
    heartbeat(data) {
      if (signal.aborted) return;
      limits.heartbeat();
      const nowMs = performance.now();
      if (nowMs - emittedAtMs < heartbeatEventMs) return;
      emittedAtMs = nowMs;
      const at = { nodeId, iteration, attempt: attempt.attempt };
      settings.emit({ type: "TaskHeartbeat", ...at, data: cutData(data, maxHeartbeatBytes) });
    },
  };
}

/** The rules with paths that do not depend on the root any more. */
function absolute(rules: FileRules, rootDir: string): FileRules {
  return { ...rules, readable: rules.readable.map((path) => resolve(rootDir, path)) };
}

function toolsOf({ spec }: PlannedTask) {
  return "tools" in spec ? spec.tools : undefined;
}

import { runInTask, type WorktreeSpec } from "../../jsx/index.ts";
import { type CodePlace, within } from "../observer.ts";
import { callCode } from "./call-code.ts";
import { type AttemptParts, contextOf } from "./context.ts";
import { type TaskValue, toTaskValue } from "./value.ts";
import { enterWorktree, type InWorktree } from "./worktree.ts";

/**
 * Runs the code of a task, in its worktree if it has one, and validates the value.
 * @param deps the outputs that the task depends on
 * @param place where the author's code is, for the observer
 */
export async function runTask(parts: AttemptParts, deps: unknown, place: CodePlace): Promise<TaskValue> {
  const { task, settings, signal, limits } = parts;
  const { worktree: spec } = task.spec as { worktree?: WorktreeSpec };
  const runIn = (folder: InWorktree) => runInFolder(folder, parts, deps, place);
  if (!spec) return runIn({ rootDir: settings.rootDir, below: "", worktree: undefined });
  const entered = await limits.without(() => enterWorktree(settings, spec));
  try {
    signal.throwIfAborted();
    return await runIn(entered);
  } finally {
    entered.worktree?.release();
  }
}

function runInFolder(folder: InWorktree, parts: AttemptParts, deps: unknown, place: CodePlace): Promise<TaskValue> {
  const { task, settings, limits, output } = parts;
  const { spec, nodeId } = task;
  const context = contextOf(parts, folder);
  const body = async () => {
    const value = await callCode(task, deps, context, limits, settings);
    // How long a schema takes to validate the value is not the task's doing.
    limits.stop();
    const result = "result" in spec ? spec.result : undefined;
    return within(settings.observer, place, () => toTaskValue(nodeId, spec.output, value, result));
  };
  return runInTask(context, body, (text, stream) => output.add(text, stream));
}

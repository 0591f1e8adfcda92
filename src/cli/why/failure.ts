import type { NodeItem, RunDetail } from "../../api/index.ts";
import { type ErrorCode, readField } from "../../errors/index.ts";
import { atPlace } from "../terminal/event-line.ts";
import { withFullStop } from "../terminal/format.ts";
import type { Reason } from "./reason.ts";

/** Codes of failures that come again unless the workflow is edited. */
const mistakes: ReadonlySet<string | undefined> = new Set<ErrorCode>([
  "CIRCULAR_DEPENDENCY",
  "DEPENDENCY_UNMET",
  "DUPLICATE_ID",
  "INVALID_WORKFLOW",
  "LOOP_MAX_REACHED",
  "NODE_REDEFINED",
  "RENDER_FAILED",
  "STORED_VALUE_OUTDATED",
]);
/** Classes of errors that show a mistake in the code. Those with a code of their own come from outside, as of `fetch`. */
const mistakenNames: ReadonlySet<unknown> = new Set(["ReferenceError", "TypeError"]);

function needsEdit(error: RunDetail["error"]): boolean {
  const { code, details } = error ?? {};
  if (code !== "TASK_FAILED") return mistakes.has(code);
  return mistakenNames.has(readField(details, "name")) && readField(details, "code") === undefined;
}

const editFirst = "Edit the workflow before you resume the run: otherwise it fails in the same way.";

/** Why a run has failed, with the commands that continue it. */
export function failure({ runId, error }: RunDetail, nodes: readonly NodeItem[]): Reason {
  const failed = nodes.find(({ state, nodeId }) => state === "failed" && (error?.nodeId ?? nodeId) === nodeId);
  const where = `${failed ? `"${failed.nodeId}"` : "The run"} failed${atPlace(error ?? {})}: `;
  const resume = ["resume", runId];
  const again = failed ? [["retry", runId, failed.nodeId]] : [];
  const look = failed ? ["node", runId, failed.nodeId] : ["logs", runId];
  const message = error?.message ?? "no reason was recorded";
  const isMistake = needsEdit(error);
  return {
    kind: "failed",
    ...(failed && { nodeId: failed.nodeId, iteration: failed.iteration, sinceMs: failed.finishedAtMs }),
    what: where + (isMistake ? `${withFullStop(message)} ${editFirst}` : message),
    commands: isMistake ? [look, resume] : [resume, ...again, look],
  };
}

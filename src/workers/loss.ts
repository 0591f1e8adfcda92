import { relative, resolve } from "node:path";
import { SmithersError } from "../errors/index.ts";
import { endText, type Verdict, type WorkerEnd, workPlaceText } from "./blame.ts";

/** What is told to those whose calls a worker has not answered. */
export function lossReason({ file }: Verdict, end: WorkerEnd, rootDir: string): SmithersError {
  if (file === undefined) return new SmithersError("WORKER_LOST", `${endText(end)} before it had answered.`);
  const path = relative(rootDir, resolve(rootDir, file));
  const message = `${endText(end)} in the file's top-level code`;
  return new SmithersError("WORKFLOW_INVALID", `${path}: ${message}.`, { details: { file: path, message } });
}

/**
 * The log line about a worker that has ended.
 * @param runs how many runs it executed
 */
export function lossLine({ charged, suspects, file }: Verdict, end: WorkerEnd, runs: number) {
  const guilty = [...charged].map(([runId, [nodeId]]) => workPlaceText({ runId, nodeId }));
  if (file !== undefined) guilty.push(workPlaceText({ file }));
  const where = guilty.length > 0 ? ` ${guilty.join(", ")}` : "";
  const facts = {
    runs,
    ...(charged.size > 0 && { charged: [...charged].map(([runId, nodeIds]) => ({ runId, nodeIds })) }),
    ...(suspects.size > 0 && { suspects: [...suspects] }),
    ...("error" in end && end.error && { err: end.error }),
  };
  const message = `${endText(end)}${where}.${runs > 0 ? " Its runs continue in another worker." : ""}`;
  return { facts, message };
}

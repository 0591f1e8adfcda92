import type { Run } from "../../model/index.ts";
import type { Store } from "../../store/index.ts";
import { manyLines, oneLine } from "../output.ts";

/** Words that follow `smithers`, as somebody can type them. */
export type CommandLine = (...words: readonly string[]) => string;

/** What a run waits for that somebody must do, each with the command that does it. */
export async function waitsOf(commandLine: CommandLine, store: Store, run: Run): Promise<string[]> {
  const [nodes, approvals] = await Promise.all([store.waitingNodes(run.runId), store.approvalsOf(run.runId)]);
  return nodes.flatMap(({ nodeId, iteration, state, awaits, correlationId }) => {
    const at = iteration > 0 ? ["--iteration", String(iteration)] : [];
    if (state === "waiting-approval") {
      const asked = approvals.find((one) => one.nodeId === nodeId && one.iteration === iteration);
      const title = oneLine(asked?.title ?? nodeId);
      return [
        `"${oneLine(nodeId)}" waits for a decision: ${title}`,
        ...(asked?.summary ? [manyLines(asked.summary)] : []),
        `  ${commandLine("approve", run.runId, nodeId, ...at)}`,
        `  ${commandLine("deny", run.runId, nodeId, ...at)}`,
      ];
    }
    if (state === "waiting-event") {
      const correlation = correlationId === null ? [] : ["--correlation-id", correlationId];
      return [
        `"${oneLine(nodeId)}" waits for the event "${oneLine(awaits ?? "")}":`,
        `  ${commandLine("signal", run.runId, awaits ?? "", ...correlation)}`,
      ];
    }
    return [];
  });
}

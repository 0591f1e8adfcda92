import type { TaskContext } from "../../jsx/index.ts";
import type { SmithersEvent, StoredEvent } from "../../model/index.ts";

/** The last conversation that an agent of a node had in an earlier attempt, as the run's reports tell. */
export function sessionIn(
  reports: readonly StoredEvent[],
  { nodeId, iteration }: Pick<TaskContext, "nodeId" | "iteration">,
  agent: string,
): string | undefined {
  return reports
    .map(({ json }) => JSON.parse(json) as SmithersEvent)
    .filter((event) => event.type === "AgentSessionStarted")
    .findLast((event) => event.nodeId === nodeId && event.iteration === iteration && event.agent === agent)?.sessionId;
}

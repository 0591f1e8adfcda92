import { SmithersError } from "../errors/index.ts";
import { type EventSpec, type Workflow, WorkflowRenderer } from "../jsx/index.ts";
import { plainIssues, type Run, summary } from "../model/index.ts";
import { compilePlan } from "../plan/index.ts";
import type { NewSignal, Store } from "../store/index.ts";
import { loadRun } from "./load-run.ts";

/**
 * Refuses a signal whose data does not fit the wait that would consume it. One that comes before its wait
 * cannot be checked.
 * @param workflowOf finds the run's workflow; called only when a wait for such a signal is open
 * @throws INVALID_INPUT with the Zod issues
 */
export async function checkSignal(
  store: Store,
  run: Run,
  given: NewSignal,
  workflowOf: (run: Run) => Promise<Workflow>,
): Promise<void> {
  const waiting = await store.waitingNodes(run.runId);
  if (!waiting.some(({ awaits }) => awaits === given.name)) return;
  // A workflow that cannot be loaded or rendered now keeps no signal out; the wait itself checks again.
  const spec = await workflowOf(run)
    .then((workflow) => openWait(store, run, given, workflow))
    .catch(() => undefined);
  const parsed = await spec?.payloadSchema.safeParseAsync(given.data ?? null);
  if (!parsed || parsed.success) return;
  const issues = plainIssues(parsed.error);
  throw new SmithersError("INVALID_INPUT", `The data of "${given.name}" does not fit: ${summary(issues)}.`, {
    details: { issues },
  });
}

/** The schema stands in the workflow's tree, which is a function of what is stored: it is rendered for it. */
async function openWait(store: Store, run: Run, given: NewSignal, workflow: Workflow): Promise<EventSpec | undefined> {
  const { memory } = await loadRun(store, run);
  const renderer = new WorkflowRenderer(workflow);
  try {
    const { tasks } = compilePlan(renderer.render(memory).root, memory);
    for (const { spec, key } of tasks) {
      if (spec.kind !== "event" || spec.event !== given.name) continue;
      if (spec.correlationId === (given.correlationId ?? null) && memory.node(key)?.state === "waiting-event")
        return spec;
    }
    return undefined;
  } finally {
    renderer.unmount();
  }
}

import { SmithersError, toErrorRecord } from "../../errors/index.ts";
import { type EventSpec, type Workflow, WorkflowRenderer } from "../../jsx/index.ts";
import type { Run, Signal } from "../../model/index.ts";
import { compilePlan } from "../../plan/index.ts";
import type { NewSignal, Store } from "../../store/index.ts";
import { renderRun } from "../turn/render.ts";
import { takesSignal, toEventValue } from "../turn/waits.ts";
import { loadRun } from "./load.ts";

/**
 * Refuses a signal whose data does not fit the wait that would consume it. A signal that arrives before its wait cannot
 * be checked.
 * @param workflowOf finds the run's workflow; called only when a wait for such a signal is open
 * @throws INVALID_INPUT with the Zod issues
 */
export async function checkSignal(
  store: Store,
  given: NewSignal,
  workflowOf: (run: Run) => Promise<Workflow>,
): Promise<void> {
  const signal = { name: given.name, correlationId: given.correlationId ?? null };
  const waiting = await store.waitingNodes(given.runId);
  if (!waiting.some(({ awaits, correlationId }) => takesSignal({ event: awaits, correlationId }, signal))) return;
  const run = await store.findRun(given.runId);
  if (!run) return;
  // A workflow that cannot be loaded or rendered now does not keep signals out: the wait checks again.
  const spec = await workflowOf(run)
    .then((workflow) => openWait(store, run.runId, signal, workflow))
    .catch(() => undefined);
  if (!spec) return;
  const misfit = await toEventValue(spec, given.data ?? null).then(() => undefined, toErrorRecord);
  if (!misfit) return;
  const details = misfit.details ?? { issues: [{ path: [], message: misfit.message }] };
  throw new SmithersError("INVALID_INPUT", `The data does not fit the wait "${spec.id}".`, { details });
}

/**
 * The wait that takes the next signal like `signal`. Its schema is part of the workflow's tree, and the tree is a
 * function of the stored state: the workflow is rendered to find it.
 */
async function openWait(
  store: Store,
  runId: string,
  signal: Pick<Signal, "name" | "correlationId">,
  workflow: Workflow,
): Promise<EventSpec | undefined> {
  const loaded = await loadRun(store, runId);
  if (!loaded) return undefined;
  const { runState } = loaded;
  const renderer = new WorkflowRenderer(workflow);
  try {
    await runState.readBy(workflow.registry);
    const { root } = await renderRun(renderer, runState, workflow.registry, store, (code) => code());
    const { tasks } = compilePlan(root, runState);
    const open = tasks.flatMap(({ spec, key }) =>
      spec.kind === "event" && takesSignal(spec, signal) && runState.node(key)?.state === "waiting-event" ? spec : [],
    );
    // Signals that arrived before and are not consumed yet are taken by the waits before it.
    return open[runState.signals.filter((one) => isAlike(one, signal)).length];
  } finally {
    renderer.unmount();
  }
}

const isAlike = (one: Pick<Signal, "name" | "correlationId">, other: Pick<Signal, "name" | "correlationId">) =>
  one.name === other.name && one.correlationId === other.correlationId;

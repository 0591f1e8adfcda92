import { SmithersError, toErrorRecord } from "../../errors/index.ts";
import { type EventSpec, type Workflow, WorkflowRenderer } from "../../jsx/index.ts";
import type { Run, Signal } from "../../model/index.ts";
import { compilePlan } from "../../plan/index.ts";
import type { NewSignal, Store } from "../../store/index.ts";
import { renderRun } from "../turn/render-run.ts";
import { takesSignal, toEventValue } from "../turn/waits.ts";
import type { AuthorCall } from "./author-call.ts";
import { loadRun } from "./load.ts";

/**
 * Refuses a signal whose data does not fit the wait that would consume it. A signal that arrives before its wait cannot
 * be checked.
 * @param workflowOf finds the run's workflow; called only when a wait for such a signal is open
 * @param call calls the workflow's code
 * @returns whether that wait was found, and so the run can be loaded and rendered here
 * @throws INVALID_INPUT with the Zod issues
 */
export async function checkSignal(
  store: Store,
  given: NewSignal,
  workflowOf: WorkflowOf,
  call: AuthorCall,
): Promise<boolean> {
  return (await isAwaited(store, given)) && checkAwaitedSignal(store, given, workflowOf, call);
}

type WorkflowOf = (run: Run) => Promise<Workflow>;

/** Whether a wait for such a signal is open. */
export async function isAwaited(store: Store, given: NewSignal): Promise<boolean> {
  const waiting = await store.waitingNodes(given.runId);
  const signal = placeOf(given);
  return waiting.some(({ awaits, correlationId }) => takesSignal({ event: awaits, correlationId }, signal));
}

/** Does what {@link checkSignal} does for a signal that a wait is open for. */
export async function checkAwaitedSignal(
  store: Store,
  given: NewSignal,
  workflowOf: WorkflowOf,
  call: AuthorCall,
): Promise<boolean> {
  // A workflow that cannot be loaded or rendered now does not keep signals out: the wait checks again.
  const found = await openWait(store, given, workflowOf, call).catch(() => undefined);
  if (!found?.spec) return false;
  const { spec, workflow } = found;
  const checked = call(workflow, () => toEventValue(spec, given.data ?? null));
  const misfit = await checked.then(() => undefined, toErrorRecord);
  if (!misfit) return true;
  // A schema that throws has no issues, but has said something.
  const details = { issues: [{ path: [], message: misfit.message }], ...(misfit.details as object | undefined) };
  throw new SmithersError("INVALID_INPUT", `The data does not fit the wait "${spec.id}".`, { details });
}

/**
 * The wait that takes the next signal like `signal`. Its schema is part of the workflow's tree, and the tree is a
 * function of the stored state: the workflow is rendered to find it.
 */
async function openWait(
  store: Store,
  given: NewSignal,
  workflowOf: WorkflowOf,
  call: AuthorCall,
): Promise<{ readonly spec: EventSpec | undefined; readonly workflow: Workflow } | undefined> {
  const loaded = await loadRun(store, given.runId);
  if (!loaded) return undefined;
  const { runState } = loaded;
  const signal = placeOf(given);
  const workflow = await workflowOf(runState.run);
  const renderer = new WorkflowRenderer(workflow);
  try {
    await runState.readBy(workflow.registry);
    const { root } = await renderRun(renderer, runState, workflow.registry, store, (code) => call(workflow, code));
    const { tasks } = compilePlan(root, runState);
    const open = tasks.flatMap(({ spec, key }) =>
      spec.kind === "event" && takesSignal(spec, signal) && runState.node(key)?.state === "waiting-event" ? spec : [],
    );
    // Signals that arrived before and are not consumed yet are taken by the waits before it.
    const spec = open[runState.signals.filter((one) => isAlike(one, signal)).length];
    return { spec, workflow };
  } finally {
    renderer.unmount();
  }
}

type SignalPlace = Pick<Signal, "name" | "correlationId">;

const placeOf = ({ name, correlationId = null }: NewSignal): SignalPlace => ({ name, correlationId });

const isAlike = (one: SignalPlace, other: SignalPlace) =>
  one.name === other.name && one.correlationId === other.correlationId;

import { filesOf, runRegistered } from "../../containment/index.ts";
import type { Workflow } from "../../jsx/index.ts";
import type { Logger } from "../logger.ts";
import { type EngineObserver, within } from "../observer.ts";
import { originOf } from "../strays.ts";

/** Calls a workflow's code outside of its runs' turns, as {@link callAuthor} does. */
export type AuthorCall = <T>(workflow: Workflow, body: () => T) => T;

export interface AuthorCallSettings {
  /** The run that the code is called for. */
  readonly runId: string;
  readonly observer?: EngineObserver;
  readonly log: Logger;
}

/**
 * Calls a workflow's code outside of a run's turns, for example a schema that checks a value. What it does to the process
 * is contained as in a turn.
 */
export function callAuthor<T>(workflow: Workflow, { runId, observer, log }: AuthorCallSettings, body: () => T): T {
  const origin = originOf({
    kind: "rendering",
    facts: runId === "" ? {} : { runId },
    files: () => filesOf(workflow),
    timers: undefined,
    log,
    take: () => " while it was called to check a value",
  });
  return within(observer, { runId }, () => runRegistered(origin, body));
}

import type { RunEvent } from "../../client/index.ts";
import type { Source } from "./source.ts";

/** The events of a run and, with `follow`, of the runs that continue it. */
export async function* eventsOfChain(
  state: Source,
  runId: string,
  afterSeq: number,
  follow: boolean,
): AsyncGenerator<RunEvent> {
  let next: { readonly runId: string; readonly afterSeq: number } | undefined = { runId, afterSeq };
  while (next) {
    const at: { readonly runId: string; readonly afterSeq: number } = next;
    next = undefined;
    for await (const event of state.events(at.runId, at.afterSeq, follow)) {
      yield event;
      if (follow && event.type === "RunContinuedAsNew") next = { runId: event.newRunId, afterSeq: 0 };
    }
  }
}

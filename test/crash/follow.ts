import { setTimeout as sleep } from "node:timers/promises";
import type { SmithersEvent } from "../../src/model/index.ts";
import type { ServerProcess } from "../support/process.ts";
import type { History } from "./history.ts";

/** How long a reader waits before it connects again: longer each time, as long as that gives it no event. */
const [shortestPauseMs, longestPauseMs] = [20, 640];

/**
 * Reads a run's events as a browser does: when the connection breaks, it connects again, to whichever server is there,
 * and continues after the last event that it has. Resolves with every number that it was given, once the stream closes
 * by itself after a terminal event.
 */
export async function follow(
  runId: string,
  servers: () => readonly ServerProcess[],
  history: History,
  stopped: () => boolean,
): Promise<number[]> {
  const seqs: number[] = [];
  let pauseMs = shortestPauseMs;
  while (!stopped()) {
    const server = servers()[0];
    try {
      if (!server) throw new Error("No server is up.");
      // One connection: whether it repeats or leaves out an event is what the test asks.
      const position = { "last-event-id": String(seqs.at(-1) ?? 0) };
      for await (const { id, data } of server.messages(`/v1/runs/${runId}/events`, position)) {
        const event: SmithersEvent = JSON.parse(data);
        seqs.push(Number(id));
        pauseMs = shortestPauseMs;
        history.eventsFollowed += 1;
        if (event.type === "RunFinished" || event.type === "RunCancelled") return seqs;
      }
    } catch {
      // It has died, or the run does not exist yet.
    }
    await sleep(pauseMs);
    pauseMs = Math.min(2 * pauseMs, longestPauseMs);
  }
  return seqs;
}

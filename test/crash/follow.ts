import { setTimeout as sleep } from "node:timers/promises";
import type { ServerProcess } from "../support/process.ts";
import type { History } from "./history.ts";

/**
 * Reads a run's events as a browser does: when the connection breaks, it connects again, to whichever server is there,
 * and goes on after the last event that it has. Resolves with every number that it was given, once the stream closes
 * by itself after a terminal event.
 */
export async function follow(
  runId: string,
  servers: () => readonly ServerProcess[],
  history: History,
  stopped: () => boolean,
): Promise<number[]> {
  const seqs: number[] = [];
  while (!stopped()) {
    const server = servers()[0];
    try {
      if (!server) throw new Error("No server is up.");
      for await (const { id, event } of server.events(runId, {
        headers: { "last-event-id": String(seqs.at(-1) ?? 0) },
      })) {
        seqs.push(id);
        history.eventsFollowed += 1;
        if (event.type === "RunFinished" || event.type === "RunCancelled") return seqs;
      }
    } catch {
      // It has died, or the run does not exist yet.
    }
    await sleep(20);
  }
  return seqs;
}

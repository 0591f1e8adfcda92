import { faultPoints } from "../support/fault.ts";
import type { RoundResult } from "./campaign.ts";

/** What some campaigns do not do. */
const rare = /^(servers (cut|with|stopped)|Postgres|workers|runs whose code|killed at (mirror|before-launch))/;
const endings = ["finished", "cancelled", "waiting-approval", "waiting-event"];

/** The counts of many rounds. */
export class Totals {
  readonly #counts = new Map<string, number>();

  get kills(): number {
    return this.#sum("killed ");
  }

  get faults(): number {
    return this.kills + this.#sum("servers stopped past") + this.#sum("servers cut off") + this.#sum("Postgres ");
  }

  get runs(): number {
    return this.#sum("runs that are ");
  }

  add({ history, seen }: RoundResult): void {
    this.#count("starts accepted", [...history.starts.values()].filter(({ accepted }) => accepted).length);
    this.#count("decisions accepted", history.decisions.length);
    this.#count("signals accepted", history.signals.length);
    this.#count("cancellations accepted", history.cancels.size);
    this.#count("requests that got no answer", history.unanswered);
    this.#count("requests that were told to try again (503)", history.refused);
    for (const where of ["random", ...faultPoints]) {
      this.#count(`killed ${where === "random" ? "at a random moment" : `at ${where}`}`, history.kills.get(where) ?? 0);
    }
    this.#count("servers ended with SIGTERM", history.ended);
    this.#count("servers stopped past their leases, and woken", history.pauses);
    this.#count("servers cut off from the network past their leases", history.cuts);
    this.#count("Postgres restarted, half of the times immediately", history.restarts);
    this.#count("Postgres connections ended, some or all", history.terminations);
    this.#count("servers with a clock up to six hours wrong", history.skewed);
    this.#count("workers killed, or stopped until they were", history.hurtWorkers);
    this.#count("runs whose code harms others", seen.hostileRuns);
    for (const status of [...endings, ...Object.keys(seen.runs).filter((known) => !endings.includes(known))]) {
      this.#count(`runs that are ${status} in the end`, seen.runs[status] ?? 0);
    }
    this.#count("runs taken over from a dead owner", seen.runsTakenOver);
    this.#count("tasks finished, each once", seen.tasksFinished);
    this.#count("attempts before them that were lost or failed", seen.attemptsLost);
    this.#count("events read back, without gap or repeat", seen.events);
    this.#count("events followed through the crashes", history.eventsFollowed);
  }

  /** As Markdown. */
  table(): string {
    const found = [...this.#counts].filter(([what, count]) => count > 0 || !rare.test(what));
    const rows = [["faults in all", this.faults] as const, ...found];
    return [
      "| | |",
      "| --- | ---: |",
      ...rows.map(([what, count]) => `| ${what} | ${count.toLocaleString("en")} |`),
    ].join("\n");
  }

  #count(what: string, count: number): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + count);
  }

  #sum(prefix: string): number {
    let sum = 0;
    for (const [what, count] of this.#counts) if (what.startsWith(prefix)) sum += count;
    return sum;
  }
}

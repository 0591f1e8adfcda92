import type { Places, ReservedPlace, RunPlaces } from "../engine/index.ts";
import type { Lease } from "../store/index.ts";
import type { WorkerProcess } from "./worker-process.ts";

type Key = Pick<Lease, "runId" | "leaseNo">;

/** The places of the runs of one store, by the workers that execute them. */
export class WorkerPlaces {
  readonly #places: Places;
  readonly #storeId: string;
  readonly #byWorker = new Map<WorkerProcess, Map<string, RunPlaces>>();

  constructor(places: Places, storeId: string) {
    this.#places = places;
    this.#storeId = storeId;
  }

  /** Answers a worker that asks for places. */
  ask(worker: WorkerProcess, key: Key, running: number, wanted: number): Promise<number> {
    // A worker that has ended gets none: no one would give them back.
    if (worker.hasEnded) return Promise.resolve(0);
    const runs = this.#runsOf(worker);
    const known = runs.get(textOf(key));
    const places = known ?? this.#places.of(() => this.#wake(worker, key));
    if (!known) runs.set(textOf(key), places);
    return places.ask(running, wanted);
  }

  /** Gives a worker the place that is kept for a run. */
  hand(worker: WorkerProcess, key: Key, place: ReservedPlace): void {
    place.wake = () => this.#wake(worker, key);
    this.#runsOf(worker).set(textOf(key), place);
  }

  note(worker: WorkerProcess, key: Key, running: number): void {
    this.#byWorker.get(worker)?.get(textOf(key))?.note(running);
  }

  release(worker: WorkerProcess, key: Key): void {
    const runs = this.#byWorker.get(worker);
    runs?.get(textOf(key))?.release();
    runs?.delete(textOf(key));
  }

  /** Gives back all places of a worker that has ended. */
  lost(worker: WorkerProcess): void {
    const runs = this.#byWorker.get(worker);
    this.#byWorker.delete(worker);
    for (const places of runs?.values() ?? []) places.release();
  }

  #runsOf(worker: WorkerProcess): Map<string, RunPlaces> {
    const runs = this.#byWorker.get(worker) ?? new Map<string, RunPlaces>();
    this.#byWorker.set(worker, runs);
    return runs;
  }

  #wake(worker: WorkerProcess, { runId, leaseNo }: Key): void {
    worker.channel.tell("placeFree", this.#storeId, runId, leaseNo);
  }
}

const textOf = ({ runId, leaseNo }: Key) => `${leaseNo} ${runId}`;

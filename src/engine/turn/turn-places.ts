import type { RunPlaces } from "../places.ts";

/** Asks for the places of a run's attempts, turn by turn. */
export class TurnPlaces {
  readonly #places: Pick<RunPlaces, "ask">;
  /** How many places the turn may still use. */
  #left = 0;
  /** How many are queued. */
  #queued = 0;
  #hasAsked = false;

  constructor(places: Pick<RunPlaces, "ask">) {
    this.#places = places;
  }

  beginTurn(): void {
    this.#hasAsked = false;
    this.#left = 0;
  }

  /**
   * Asks for the places of tasks that could start, unless the turn has just done so.
   * @param running how many attempts of the run are in flight
   */
  async prepare(running: number, wanted: number): Promise<void> {
    if (this.#hasAsked ? wanted !== this.#queued : wanted > 0) await this.#ask(running, wanted);
  }

  /** Uses a place; false when there is none now. */
  take(): boolean {
    if (this.#left === 0) return false;
    this.#left -= 1;
    return true;
  }

  /** Leaves the queue when less wants to start than waits in it. */
  async endTurn(running: number, wanted: number): Promise<void> {
    if (this.#queued !== wanted) await this.#ask(running, wanted);
  }

  async #ask(running: number, wanted: number): Promise<void> {
    this.#hasAsked = true;
    this.#left = await this.#places.ask(running, wanted);
    this.#queued = wanted - this.#left;
  }
}

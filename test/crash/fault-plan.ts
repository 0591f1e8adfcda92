import type { Fault, faultPoints } from "../support/fault.ts";
import type { Random } from "./random.ts";

type Point = (typeof faultPoints)[number];

/** How often a point is passed, at most, before a server is killed there. */
const latest = { mirror: 3, "before-commit": 20, "after-commit": 20, "before-launch": 20 };

/** Which fault each server of a round is to meet, in the order of their starts. */
export class FaultPlan {
  readonly #random: Random;
  readonly #points: readonly (keyof typeof latest)[];
  readonly #migrations: number;
  /** The points that no server was killed at yet. */
  readonly #unmet: Set<Point>;
  #started = 0;
  #given = 0;

  /** @param options.workers whether worker processes execute the runs: then it is they that a launch kills */
  constructor(random: Random, { postgres, workers }: { readonly postgres: boolean; readonly workers: boolean }) {
    this.#random = random;
    // On Postgres there is no file that a workflow names, whose runs would be mirrored.
    this.#points = ["after-commit", ...(postgres ? [] : (["mirror"] as const)), "before-launch", "before-commit"];
    this.#migrations = postgres ? 1 : 2;
    this.#unmet = new Set(["migration", ...this.#points]);
    if (workers) this.#unmet.delete("before-launch");
  }

  /** Whether a server was killed at each named point. */
  get isMet(): boolean {
    return this.#unmet.size === 0;
  }

  /** @param point where a server was killed */
  met(point: string): void {
    this.#unmet.delete(point as Point);
  }

  /**
   * The fault of the next server. The first two find databases that are not there yet. Then every third one meets none,
   * and the others the points in turn; once each had its turn, those come first that no server was killed at.
   */
  next(): Fault | undefined {
    const number = this.#started++;
    if (number < 2) return { point: "migration", nth: Math.min(number + 1, this.#migrations), signal: "SIGKILL" };
    if (number % 3 === 1) return undefined;
    const unmet = this.#points.find((point) => this.#unmet.has(point));
    const inTurn = this.#points[this.#given % this.#points.length]!;
    const point = this.#given++ >= this.#points.length && unmet ? unmet : inTurn;
    return { point, nth: this.#random.between(1, latest[point]), signal: "SIGKILL" };
  }
}

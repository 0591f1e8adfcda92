import { redactBeginning } from "../text/index.ts";

const maxLength = 100;

/** Limits the number of values of a label that authors choose, so that a metric cannot grow without bound. */
export class Bounded {
  readonly #known = new Map<string, string>();
  readonly #max: number;

  constructor(max = 100) {
    this.#max = max;
  }

  /** The value, shortened and without secrets; `other` once there are too many values. */
  of(value: string): string {
    const known = this.#known.get(value);
    if (known !== undefined) return known;
    if (this.#known.size >= this.#max) return "other";
    const short = redactBeginning(value, maxLength).slice(0, maxLength);
    this.#known.set(value, short);
    return short;
  }
}

const maxLength = 100;

/** Keeps label values that authors choose from making a metric grow without bound. */
export class Bounded {
  readonly #known = new Map<string, string>();
  readonly #max: number;

  constructor(max = 100) {
    this.#max = max;
  }

  /** The value itself, shortened, or `other` when there are too many already. */
  of(value: string): string {
    const known = this.#known.get(value);
    if (known !== undefined) return known;
    if (this.#known.size >= this.#max) return "other";
    const short = value.slice(0, maxLength);
    this.#known.set(value, short);
    return short;
  }
}

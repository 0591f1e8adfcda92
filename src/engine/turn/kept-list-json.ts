/** Items whose JSON is kept as one text. */
const chunkLength = 64;

/**
 * The JSON of a list that is written again and again, with few changes. Only the parts of the list in which something
 * has changed are written; the others are texts that are kept.
 */
export class KeptListJson<T> {
  readonly #sourceOf: (item: T) => unknown;
  readonly #jsonOf: (item: T) => string;
  readonly #sources: unknown[] = [];
  readonly #chunks: string[] = [];

  /**
   * @param sourceOf what an item's JSON is made from: the JSON at one place of the list is the same while this is.
   *   Undefined when that cannot be said
   * @param jsonOf an item's JSON; empty when it is left out
   */
  constructor(sourceOf: (item: T) => unknown, jsonOf: (item: T) => string) {
    this.#sourceOf = sourceOf;
    this.#jsonOf = jsonOf;
  }

  /** The JSON of the items, with commas between them. */
  of(items: readonly T[]): string {
    // The last part has lost items.
    if (items.length < this.#sources.length) {
      this.#sources.length = items.length - (items.length % chunkLength);
    }
    this.#chunks.length = Math.ceil(items.length / chunkLength);
    for (let chunk = 0; chunk < this.#chunks.length; chunk += 1) {
      const first = chunk * chunkLength;
      const end = Math.min(first + chunkLength, items.length);
      if (!this.#isSame(items, first, end)) this.#chunks[chunk] = this.#written(items.slice(first, end));
    }
    return joined(this.#chunks);
  }

  #isSame(items: readonly T[], first: number, end: number): boolean {
    let isSame = true;
    for (let index = first; index < end; index += 1) {
      const source = this.#sourceOf(items[index]!);
      if (source !== undefined && source === this.#sources[index]) continue;
      this.#sources[index] = source;
      isSame = false;
    }
    return isSame;
  }

  #written(items: readonly T[]): string {
    return joined(items.map(this.#jsonOf));
  }
}

function joined(texts: readonly string[]): string {
  return texts.filter((text) => text !== "").join(",");
}

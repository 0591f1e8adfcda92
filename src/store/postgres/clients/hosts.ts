/** The servers that an address names: a primary and its standbys. The clients of a store all use the same one. */
export class Hosts {
  readonly #urls: readonly string[];
  #at = 0;

  /** @param urls one address a server, the preferred one first */
  constructor(urls: readonly string[]) {
    this.#urls = urls;
  }

  /** The address of the server that is used now. */
  get url(): string {
    return this.#urls[this.#at]!;
  }

  get count(): number {
    return this.#urls.length;
  }

  /** Goes to the next server, unless another client has already left this one. */
  leave(url: string): void {
    if (url === this.url) this.#at = (this.#at + 1) % this.#urls.length;
  }
}

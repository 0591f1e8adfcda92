import type { Connection } from "./connection.ts";

/** How soon another connection's commit is noticed. */
const lookMs = 40;

/** Notices that another connection has committed, while something listens. */
export class CommitWatch {
  readonly #connection: Connection;
  readonly #listeners = new Set<() => void>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #version: number | undefined;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  watch(listener: () => void): () => void {
    // A function of its own: the same listener may watch twice.
    const told = () => listener();
    this.#listeners.add(told);
    if (this.#timer === undefined) {
      this.#version = undefined;
      void this.#look();
      this.#timer = setInterval(() => void this.#look(), lookMs);
      this.#timer.unref();
    }
    return () => {
      this.#listeners.delete(told);
      if (this.#listeners.size === 0) this.stop();
    };
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  async #look(): Promise<void> {
    // A database that cannot be read now is looked at again; its trouble is told to those who read or write.
    const version = await this.#connection.read((driver) => driver.dataVersion()).catch(() => this.#version);
    const before = this.#version;
    this.#version = version;
    if (before === undefined || version === before || this.#timer === undefined) return;
    for (const told of this.#listeners) told();
  }
}

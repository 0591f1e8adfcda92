import type { Connection } from "./connection.ts";

/** Time between two checks for commits of other connections. */
const lookMs = 40;

/** Notices commits of other connections while there are listeners. */
export class CommitWatch {
  readonly #connection: Connection;
  readonly #listeners = new Set<() => void>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #version: number | undefined;
  #isFirstLook = true;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  watch(listener: () => void): () => void {
    // Each call needs its own function, because the same listener may watch twice.
    const told = () => listener();
    this.#listeners.add(told);
    if (this.#timer === undefined) {
      this.#version = undefined;
      this.#isFirstLook = true;
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
    // A database that cannot be read now is checked again later; callers that read or write get its error.
    const version = await this.#connection.read((driver) => driver.dataVersion()).catch(() => this.#version);
    const before = this.#version;
    this.#version = version;
    const isFirst = this.#isFirstLook;
    this.#isFirstLook = false;
    if (version === before || this.#timer === undefined) return;
    // There is nothing to compare the first version with. After a first look that failed, commits may have been missed.
    if (isFirst) return;
    for (const told of this.#listeners) told();
  }
}

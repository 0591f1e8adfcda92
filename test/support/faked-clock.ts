import { globSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { folder } from "./folder.ts";

/** A wall clock that a test sets, for processes that are started with its environment. */
export class FakedClock {
  readonly #file = join(folder(), "offset");
  readonly env: Readonly<Record<string, string>>;

  constructor() {
    const [library] = globSync("/usr/lib/*/faketime/libfaketimeMT.so.1");
    this.set(0);
    this.env = {
      LD_PRELOAD: library!,
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: "1",
      DONT_FAKE_MONOTONIC: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    };
  }

  /** Sets the clock to the real time and so many seconds. */
  set(seconds: number): void {
    writeFileSync(`${this.#file}.next`, `${seconds < 0 ? "" : "+"}${seconds}\n`);
    renameSync(`${this.#file}.next`, this.#file);
  }
}

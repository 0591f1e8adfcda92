import { SmithersError } from "../../errors/index.ts";
import { fileKey } from "../../files/index.ts";

/** What makes up an open database. Without the right log and its index, others do not see what is committed here. */
const parts = [
  ["", "database file"],
  ["-wal", "write-ahead log of the database"],
  ["-shm", "index of the database's write-ahead log"],
] as const;

const advice = "Put the file back where it was, or restore a backup and restart.";

/**
 * Knows whether the files of an open database are still those that SQLite has opened. A file that was removed, renamed or
 * replaced fails no write: SQLite keeps writing to the file that it has open, and what it writes is lost at the end.
 */
export class FilesInPlace {
  readonly #filename: string;
  /** The file that was first seen at each path. */
  readonly #known = new Map<string, string>();

  /** @param filename path of the database; "" for one in memory */
  constructor(filename: string) {
    this.#filename = filename;
    this.#note();
  }

  /** @throws DB_UNAVAILABLE when one of them is missing, or is another file */
  check(): void {
    this.#note();
    for (const [suffix, what] of parts) {
      const known = this.#known.get(suffix);
      if (known === undefined) continue;
      const found = this.#keyOf(suffix);
      if (found === known) continue;
      const how = found === undefined ? "removed" : "replaced";
      const problem = `The ${what} was ${how} while the server had it open. New data is lost when the server stops.`;
      throw new SmithersError("DB_UNAVAILABLE", problem, { advice });
    }
  }

  /** SQLite makes the log and its index when it first needs them. */
  #note(): void {
    if (this.#filename === "") return;
    for (const [suffix] of parts) {
      const found = this.#known.has(suffix) ? undefined : this.#keyOf(suffix);
      if (found !== undefined) this.#known.set(suffix, found);
    }
  }

  #keyOf(suffix: string): string | undefined {
    try {
      return fileKey(this.#filename + suffix);
    } catch {
      // A link that leads nowhere, or a folder that may not be entered: the file cannot be opened again there.
      return undefined;
    }
  }
}

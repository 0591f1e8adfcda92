import { constants, lstatSync } from "node:fs";
import { readStart, throwIfExhausted } from "../../files/index.ts";
import { databaseSuffixes } from "../sandbox/index.ts";
import { stampOf } from "./tree.ts";

/** Prefix of the tables in every database of this package. Their definitions are near the start of the file. */
const tablePrefix = "_smithers_";
const lookedAtBytes = 256 * 1024;

/** Finds databases of this package by their content, including those of other servers, copies, and moved ones. */
export class Databases {
  /** Earlier results, by path. */
  readonly #known = new Map<string, { readonly stamp: string; readonly isOurs: boolean }>();

  /** The databases of this package among files with such names, including the files that SQLite keeps next to them. */
  among(paths: readonly string[]): string[] {
    const ours = new Set(paths.filter((path) => this.#isOurs(path)).map((path) => path.replace(/-(wal|journal)$/, "")));
    return [...ours].flatMap((path) => databaseSuffixes.map((suffix) => path + suffix));
  }

  #isOurs(path: string): boolean {
    try {
      const stats = lstatSync(path, { bigint: true });
      const stamp = stampOf(stats);
      const known = this.#known.get(path);
      // A database stays one when it grows.
      if (known?.stamp === stamp || (known?.isOurs && stats.size > 0n)) return known.isOurs;
      const isOurs = readStart(path, lookedAtBytes, constants.O_NOFOLLOW)?.includes(tablePrefix) ?? false;
      this.#known.set(path, { stamp, isOurs });
      return isOurs;
    } catch (error) {
      throwIfExhausted(error);
      return false;
    }
  }
}

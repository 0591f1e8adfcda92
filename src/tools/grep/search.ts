import type { Root } from "../confined.ts";
import { envFileGlobs, isEnvFile } from "../guard/env-file.ts";

/** What to search, and where. */
export interface Search {
  readonly root: Root;
  /** A file or a folder below the root, with links resolved. */
  readonly path: string;
  readonly pattern: string;
  readonly ignoreCase: boolean;
  /** Absolute paths of files that are left out. */
  readonly hidden: readonly string[];
}

/** A line that matches. `path` is relative to the root. */
export interface Match {
  readonly path: string;
  readonly lineNo: number;
  readonly text: string;
}

/** Finds matches in the order of paths, then lines; stops when `take` returns false. */
export type SearchEngine = (search: Search, signal: AbortSignal, take: (match: Match) => boolean) => Promise<void>;

/** Folders that are left out of a search, unless it begins in them. */
const skippedFolders = [".git", "node_modules"];

/** Whether a file or a folder is left out of every search. */
export const isSkipped = (name: string): boolean => skippedFolders.includes(name) || isEnvFile(name);

/** What {@link isSkipped} leaves out, as globs for ripgrep. */
export const skippedGlobs: readonly string[] = [...skippedFolders, ...envFileGlobs];

/** Larger files are left out. */
export const maxSearchedFileBytes = 10_485_760;

/** Time limit of a search, in ms. */
export const searchTimeoutMs = 30_000;

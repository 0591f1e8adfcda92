import type { Root } from "../confined.ts";
import { isEnvFile } from "../guard/env-file.ts";

/** What to search, and where. */
export interface Search {
  readonly root: Root;
  /** Below it, free of links: a file or a folder. */
  readonly path: string;
  readonly pattern: string;
  readonly ignoreCase: boolean;
  /** Files that are left out, wherever they lie. */
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

/** Folders whose contents nobody wants to search, unless the search begins in them. */
export const skippedFolders = [".git", "node_modules"];

/** Whether a file or a folder is left out of every search. */
export const isSkipped = (name: string): boolean => skippedFolders.includes(name) || isEnvFile(name);

/** The same for ripgrep. */
export const skippedGlobs: readonly string[] = [...skippedFolders, ".env*"];

/** Larger files are left out. */
export const maxSearchedFileBytes = 10_485_760;

/** After this, a search has ended. */
export const searchTimeoutMs = 30_000;

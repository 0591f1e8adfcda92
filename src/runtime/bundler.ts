/** Where in the author's source something is wrong. Lines and columns count from 1. */
export interface SourceProblem {
  /** Absolute. */
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
  readonly message: string;
}

/** What a bare import means. */
export interface FoundPackage {
  readonly path: string;
  /** The author's own module, by an alias of his tsconfig.json or package.json. */
  readonly local: boolean;
}

/**
 * Finds the file that a bare import means.
 * @param resolveFrom the runtime's own resolution; throws when it finds nothing
 * @returns nothing when the package is not installed
 */
export type FindPackage = (
  specifier: string,
  importer: string,
  resolveFrom: (specifier: string, from: string) => string,
) => FoundPackage | undefined;

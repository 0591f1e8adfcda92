/** Largest local file that is bundled, in bytes. */
export const maxSourceBytes = 5_000_000;

/** A problem in the author's source. Lines and columns count from 1. */
export interface SourceProblem {
  /** Absolute. */
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
  readonly message: string;
}

/** The file that a bare import means. */
export interface FoundPackage {
  readonly path: string;
  /** Whether it is the author's own module, through an alias in tsconfig.json or package.json. */
  readonly local: boolean;
}

/**
 * Finds the file that a bare import means.
 * @param resolveFrom the runtime's own resolution; throws when it finds nothing
 * @returns undefined when the package is not installed
 */
export type FindPackage = (
  specifier: string,
  importer: string,
  resolveFrom: (specifier: string, from: string) => string,
) => FoundPackage | undefined;

/**
 * Compiles a source that the runtime does not know to JavaScript.
 * @throws BundleError
 */
export type Compile = (source: string, file: string) => Promise<string>;

export interface BundleOptions {
  readonly findPackage: FindPackage;
  /** By extension, such as `.mdx`. */
  readonly compilers: ReadonlyMap<string, Compile>;
  /** What stands for globals in the bundle, by the global's name: an export of a module, by absolute path. */
  readonly globals: Readonly<Record<string, { readonly module: string; readonly name: string }>>;
}

/** A compiled workflow file. */
export interface Bundle {
  /** One ES module. Packages remain imports, by absolute path. */
  readonly code: string;
  /** The local files in the bundle, absolute, with the SHA-1 of what was read of each. */
  readonly inputs: ReadonlyMap<string, string>;
}

/** A workflow does not compile. */
export class BundleError extends Error {
  readonly problem: SourceProblem;

  constructor(problem: SourceProblem) {
    super(problem.message);
    this.problem = problem;
  }
}

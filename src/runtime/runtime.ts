import type { Bundle, BundleOptions, Compile } from "./bundler.ts";
import type { ChildChannel, ParentChannel, SpawnOptions } from "./channel.ts";
import type { SqliteLibrary } from "./sqlite.ts";
import type { SteadyClock } from "./steady-clock.ts";

/** What differs between JavaScript runtimes. One implementation per runtime, in a folder of its name. */
export interface Runtime {
  readonly name: string;
  readonly version: string;
  /** What to do about a version that is too old; undefined when this one is supported. */
  readonly upgrade: string | undefined;
  readonly sqlite: SqliteLibrary;
  readonly steadyClock: SteadyClock;
  /**
   * Compiles a workflow file with its local imports into one module, its source map inlined, so that stacks name the
   * author's lines.
   * @throws BundleError
   */
  bundle(entry: string, options: BundleOptions): Promise<Bundle>;
  /** From now on, modules of this process can import files of an extension, such as `.mdx`, that is compiled first. */
  compileOnImport(extension: string, compile: Compile): void;
  /** Whether a module can be imported from this path. */
  canImport(file: string): boolean;
  /**
   * Imports a bundle under the name of its file, but evaluates `code`: the file could have been changed since it was
   * written. A file that failed before is evaluated again under another `attempt`.
   */
  importBundle(file: string, code: string, attempt: number): Promise<Record<string, unknown>>;
  /** Lets an imported module be collected once nothing uses it any more. */
  forgetModule(file: string): void;
  /** The export that a failed import asked for and a module does not have; undefined for any other failure. */
  missingExport(message: string): string | undefined;
  /** What a module's source imports, requires or imports later, as it names it; types are left out. */
  importsOf(source: string, file: string): string[];
  /** The file that an import leads to by this runtime's rules, with the aliases of tsconfig.json and package.json. */
  resolveImport(specifier: string, fromDir: string): string | undefined;
  /** A UUID of version 7 of this time. Of two with the same time, the later one is greater. */
  uuidAt(ms: number): string;
  /** Columns that a terminal gives a text; styles take none. */
  displayWidth(text: string): number;
  /**
   * Starts another process of this runtime, with a channel of messages to it.
   * @param args the program's file and its arguments
   */
  spawn(args: readonly string[], options?: SpawnOptions): ChildChannel;
  /**
   * Environment variables with which a process optimizes only code that runs very often. A process that mostly waits
   * spends more time on optimizing than it saves.
   */
  readonly lateOptimization: Readonly<Record<string, string>>;
  /** The channel to the process that started this one with {@link Runtime.spawn}; undefined when none did. */
  parent(): ParentChannel | undefined;
  /** The bytes of an open file as memory, which others with the file see at once; undefined where that cannot be had. */
  mapFile(fd: number): Uint8Array | undefined;
  /**
   * Puts a program into memory, where nothing can change it and no file has its name.
   * @returns a descriptor that other programs can be given and can execute
   * @throws where the system executes no such programs, or is not Linux
   */
  memoryProgram(name: string, content: Uint8Array): Promise<number>;
  /** Has the kernel kill this process when its parent ends, also while its event loop is blocked. Linux only. */
  endWithParent(): Promise<void>;
}

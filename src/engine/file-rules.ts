import { realpathSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";
import type { FileRules } from "../jsx/index.ts";

/**
 * The rules for the tools of an engine: what is given, and what holds for every process.
 *
 * @param ownFiles the files of the engine's store
 */
export function fileRulesOf(ownFiles: () => readonly string[], given: Partial<FileRules> = {}): FileRules {
  const environments = filesOfFlags(process.execArgv, ["--env-file"]);
  return {
    privatePaths: () => [...ownFiles(), ...environments, ...(given.privatePaths?.() ?? [])],
    entries: given.entries ?? startedWith(),
    readable: given.readable ?? [],
    writable: given.writable ?? [],
  };
}

/** The script that this process runs, and what Bun was told to load before it. */
function startedWith(): string[] {
  const script = process.argv[1];
  const preloaded = filesOfFlags(process.execArgv, ["--preload", "--require", "--import", "-r"]);
  return [...(script !== undefined && isAbsolute(script) ? [script] : []), ...preloaded].flatMap((path) => {
    try {
      return [realpathSync(path)];
    } catch {
      // The name of a package, for example.
      return [];
    }
  });
}

/** The files that flags of Bun name, as `--flag file` or `--flag=file`. */
function filesOfFlags(args: readonly string[], flags: readonly string[]): string[] {
  return args.flatMap((arg, index) => {
    const flag = flags.find((each) => arg === each || arg.startsWith(`${each}=`));
    if (flag === undefined) return [];
    const path = arg === flag ? args[index + 1] : arg.slice(flag.length + 1);
    return path ? [resolve(path)] : [];
  });
}

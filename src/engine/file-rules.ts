import { realpathSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";
import type { FileRules } from "../jsx/index.ts";

/**
 * The rules for the tools of an engine: what is given, and what holds for every process.
 *
 * @param ownFiles the files of the engine's store
 */
export function fileRulesOf(ownFiles: () => readonly string[], given: Partial<FileRules> = {}): FileRules {
  const environments = environmentFiles(process.execArgv);
  return {
    privatePaths: () => [...ownFiles(), ...environments, ...(given.privatePaths?.() ?? [])],
    entries: given.entries ?? startedWith(),
    readable: given.readable ?? [],
    writable: given.writable ?? [],
  };
}

/** The script that this process runs. */
function startedWith(): string[] {
  const script = process.argv[1];
  if (script === undefined || !isAbsolute(script)) return [];
  try {
    return [realpathSync(script)];
  } catch {
    return [];
  }
}

/** The files that Bun was told to take its environment from. */
function environmentFiles(args: readonly string[]): string[] {
  return args.flatMap((arg, index) => {
    const [, given] = /^--env-file=(.+)$/.exec(arg) ?? [];
    const path = arg === "--env-file" ? args[index + 1] : given;
    return path === undefined ? [] : [resolve(path)];
  });
}

import { type Stats, statSync } from "node:fs";
import { dirname, extname, isAbsolute, join, resolve } from "node:path";
import { readField } from "../../errors/index.ts";
import { readRegularFile, throwIfExhausted } from "../../files/index.ts";
import { runtime } from "../../runtime/index.ts";
import { isBelow } from "../sandbox/index.ts";
import { moduleEndings } from "./modules.ts";

/** A module, and the imports of it that are neither paths nor modules of the runtime. */
export interface ImportingModule {
  readonly path: string;
  readonly packages: readonly string[];
  /** The folders from which it imports what is known only when it runs. */
  readonly folders: readonly string[];
}

/** What tsconfig.json and jsconfig.json files have to do with imports. */
export interface ImportPaths {
  /** The files that they extend, whether these exist or not. */
  readonly extended: readonly string[];
  /** Paths where a file would be imported instead of what is imported now. Some of them exist. */
  readonly candidates: readonly string[];
}

/** Names of the files, in the order in which the runtime looks for them. */
const names = ["tsconfig.json", "jsconfig.json"];

const maxBytes = 64 * 1024;

/** Longer chains of files that extend each other are not followed. */
const maxExtended = 32;

/** Finds what the settings next to modules and above them, up to a root folder, say about where imports lead. */
export function importPathsOf(rootDir: string, modules: readonly ImportingModule[]): ImportPaths {
  const byFile = new Map<string, Chain>();
  const extended = new Set<string>();
  const candidates = new Set<string>();
  for (const { path, packages } of modules) {
    const file = nearestFile(dirname(path), rootDir);
    if (file === undefined) continue;
    const chain = byFile.get(file) ?? readChain(file);
    byFile.set(file, chain);
    for (const each of chain.extended) extended.add(each);
    for (const target of packages.flatMap(chain.targetsOf)) {
      for (const each of filesAt(target)) candidates.add(each);
    }
  }
  const inRoot = (each: string) => isBelow(each, rootDir);
  return { extended: [...extended].filter(inRoot), candidates: [...candidates].filter(inRoot) };
}

function nearestFile(from: string, rootDir: string): string | undefined {
  for (let folder = from; isBelow(folder, rootDir); folder = dirname(folder)) {
    const found = names.map((name) => join(folder, name)).find(isFile);
    if (found !== undefined || folder === dirname(folder)) return found;
  }
  return undefined;
}

/** A file and those that it extends. */
interface Chain {
  readonly extended: readonly string[];
  /** Where an import leads by `baseUrl` and `paths`; the paths may lack an ending. */
  targetsOf(specifier: string): readonly string[];
}

interface Settings {
  readonly extends?: unknown;
  readonly compilerOptions?: { readonly baseUrl?: unknown; readonly paths?: unknown } | null;
}

function readChain(file: string): Chain {
  const extended: string[] = [];
  const folders: string[] = [];
  const patterns: { readonly pattern: string; readonly targets: readonly string[]; readonly folder: string }[] = [];
  const left = [file];
  const seen = new Set<string>();
  for (let path = left.pop(); path !== undefined && seen.size < maxExtended; path = left.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    const { extends: given, compilerOptions } = readSettings(path);
    const { baseUrl, paths } = compilerOptions ?? {};
    const folder = dirname(path);
    if (typeof baseUrl === "string") folders.push(resolve(folder, baseUrl));
    for (const [pattern, targets] of Object.entries(paths ?? {})) {
      patterns.push({ pattern, targets: texts(targets), folder });
    }
    const files = texts(given).flatMap((specifier) => extendedFiles(specifier, folder));
    extended.push(...files);
    left.push(...files);
  }
  return {
    extended,
    targetsOf: (specifier) => [
      ...folders.map((folder) => join(folder, specifier)),
      // They are relative to a `baseUrl`, also one of another file in the chain, or to their own file.
      ...patterns.flatMap(({ pattern, targets, folder }) =>
        targetsIn(pattern, targets, specifier).flatMap((target) =>
          [...folders, folder].map((from) => resolve(from, target)),
        ),
      ),
    ],
  };
}

/** The files that `extends` may name. */
function extendedFiles(specifier: string, folder: string): string[] {
  if (!specifier.startsWith(".") && !isAbsolute(specifier)) {
    const file = runtime.resolveImport(specifier, folder);
    return file === undefined ? [] : [file];
  }
  const path = resolve(folder, specifier);
  return extname(path) === ".json" ? [path] : [path, `${path}.json`];
}

function targetsIn(pattern: string, targets: readonly string[], specifier: string): string[] {
  const [before = "", after] = pattern.split("*");
  if (after === undefined) return pattern === specifier ? [...targets] : [];
  const fits = specifier.startsWith(before) && specifier.endsWith(after);
  if (!fits || specifier.length < before.length + after.length) return [];
  const part = specifier.slice(before.length, specifier.length - after.length);
  return targets.map((target) => target.replace("*", () => part));
}

/** The files that an import of a path can lead to. */
function filesAt(path: string): string[] {
  const stem = path.replace(/\.[mc]?jsx?$/, "");
  const stems = stem === path ? [path] : [path, stem];
  return [
    ...(extname(path) === "" ? [] : [path]),
    join(path, "package.json"),
    ...[...stems, join(path, "index")].flatMap((each) => moduleEndings.map((ending) => each + ending)),
  ].filter((each) => !isFolder(each));
}

// Whatever has no end matches up to the end of the file, so that no file takes long.
const comments = /("(?:\\.|[^"\\])*"?)|\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/g;
const lastCommas = /("(?:\\.|[^"\\])*"?)|,(?=\s*[}\]])/g;

/** @returns nothing for a file that cannot be read */
function readSettings(path: string): Settings {
  try {
    const text = readRegularFile(path, maxBytes)?.toString() ?? "";
    const withoutComments = text.replace(comments, (_, kept) => kept ?? "");
    const settings = JSON.parse(withoutComments.replace(lastCommas, (_, kept) => kept ?? ""));
    return typeof settings === "object" && settings !== null ? settings : {};
  } catch (error) {
    throwIfExhausted(error);
    return {};
  }
}

const texts = (value: unknown): string[] =>
  (Array.isArray(value) ? value : [value]).filter((each) => typeof each === "string");

const isFile = (path: string) => statsOf(path)?.isFile() ?? false;

const isFolder = (path: string) => statsOf(path)?.isDirectory() ?? false;

/** @returns undefined for what does not exist, also below a file */
function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if (readField(error, "code") === "ENOTDIR") return undefined;
    throw error;
  }
}

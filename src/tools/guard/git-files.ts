import { existsSync, lstatSync, readdirSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { isLockedFolder, readRegularFile, unlockFolder } from "../../files/index.ts";

/** What git executes in every repository, and the settings that tell it what to execute. */
const names = ["hooks", "config", "config.worktree", "commondir"];

const maxBytes = 1024 ** 2;

/** Deeper folders in `.git/modules` are not looked at. */
const maxDepth = 8;

/**
 * What git executes in a folder with a repository and in its submodules, and the settings that tell it what to execute.
 * Not all of it exists.
 */
export function gitFiles(folder: string): string[] {
  const gitDir = join(folder, ".git");
  isReadableFolder(gitDir);
  const repositories = [gitDir, ...repositoriesIn(join(gitDir, "modules"), maxDepth)];
  return repositories.flatMap((each) => [...names.map((name) => join(each, name)), ...namedIn(each, folder)]);
}

/** The folders of submodules; the name of a submodule may contain slashes. */
function repositoriesIn(folder: string, depth: number): string[] {
  if (depth === 0 || !isReadableFolder(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => {
      const path = join(folder, name);
      isReadableFolder(path);
      return existsSync(join(path, "HEAD"))
        ? [path, ...repositoriesIn(join(path, "modules"), depth - 1)]
        : repositoriesIn(path, depth - 1);
    });
}

/** Whether there is a folder. One that a command has made unreadable is made readable again. */
function isReadableFolder(path: string): boolean {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (!stats?.isDirectory()) return false;
  if (isLockedFolder(stats, 0o500)) unlockFolder(path, 0o500);
  return true;
}

/** Keys of settings whose values name what git executes, or further settings. */
const executed =
  /^(?:hooksPath|path|fsmonitor|clean|smudge|process|textconv|command|driver|(?:ssh|proxy)Command|editor|pager|program|helper|askPass|external|cmd|attributesFile)$/i;

/** Settings that name further ones are followed this far. */
const maxIncluded = 16;

/** What the settings of a repository have git execute or read, and the same for the settings that they include. */
function namedIn(repository: string, workTree: string): string[] {
  const found: string[] = [];
  const files = [join(repository, "config")];
  for (const file of files) {
    for (const { section, key, value } of settingsIn(file)) {
      if (!executed.test(key) && !(section === "alias" && value.startsWith("!"))) continue;
      const isIncluded = /^include/i.test(section);
      const isHooks = key.toLowerCase() === "hookspath";
      const words = isIncluded || isHooks ? [value] : value.split(/[\s"'!;&|]+/).filter((word) => word.includes("/"));
      const paths = words.map((word) => resolve(isIncluded ? dirname(file) : workTree, word));
      // husky's own folder, whose hooks execute what lies next to it.
      found.push(...paths.map((path) => (isHooks && basename(path) === "_" ? dirname(path) : path)));
      if (isIncluded && files.length < maxIncluded) files.push(...paths.filter((path) => !files.includes(path)));
    }
  }
  return found.filter((path) => path !== workTree);
}

/** A setting of git, with the first word of its section. */
interface Setting {
  readonly section: string;
  readonly key: string;
  readonly value: string;
}

/** Every setting in a file of git's, without those that have no value. */
function settingsIn(file: string): Setting[] {
  const text =
    readRegularFile(file, maxBytes)
      ?.toString()
      .replace(/\\\r?\n/g, "") ?? "";
  let section = "";
  return text.split("\n").flatMap((line) => {
    let rest = line;
    for (let header = sectionHeader.exec(rest); header; header = sectionHeader.exec(rest)) {
      section = header[1]!.split(".")[0]!.toLowerCase();
      rest = header[2]!;
    }
    const [, key, value] = /^\s*([\w-]+)\s*=\s*"?([^"#\n]*)/.exec(rest) ?? [];
    return key === undefined ? [] : [{ section, key, value: value!.trim() }];
  });
}

/** The name of a section, and what follows it on its line: a setting, or another section. */
const sectionHeader = /^\s*\[([\w.-]+)(?:\s+"(?:\\.|[^"\\])*")?\s*\](.*)$/;

/**
 * An expression for sections and keys by which the settings of a repository have git execute something without a hook, or
 * read others. JavaScript and `grep -Ei` both read it.
 */
export const riskySettings =
  "\\[[ \t]*(filter|include)|(worktree|sshCommand|gitProxy|uploadpack|receivepack|vcs|promisor|partialClone|fsmonitor)[ \t\r]*(=|$)";

const risky = new RegExp(riskySettings, "im");

/**
 * Whether a repository that a command has made at a path can be left there: the server calls git in it, outside of the
 * sandbox. A link, a file that names another repository and settings that have git execute something cannot.
 */
export function executesNothing(path: string): boolean {
  if (!isReadableFolder(path)) return false;
  const elsewhere = ["commondir", "config.worktree"].map((name) => join(path, name));
  if (elsewhere.some((each) => lstatSync(each, { throwIfNoEntry: false }) !== undefined)) return false;
  const config = join(path, "config");
  if (lstatSync(config, { throwIfNoEntry: false }) === undefined) return true;
  const text = readRegularFile(config, maxBytes);
  return text !== undefined && !lstatSync(config).isSymbolicLink() && !risky.test(text.toString());
}

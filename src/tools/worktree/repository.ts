import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { git, gitOutput, lastWords, worktreeFailed } from "./git.ts";

/** A worktree, as git lists it. */
export interface ListedWorktree {
  readonly path: string;
  /** The branch that is checked out; undefined when none is. */
  readonly branch: string | undefined;
  /** Whether git was ended while it made this worktree. */
  readonly isUnfinished: boolean;
}

/** The folder that all worktrees of the repository around a folder share: its `.git`. */
export async function sharedGitDir(rootDir: string): Promise<string> {
  const { code, out, err } = await git(rootDir, "rev-parse", "--path-format=absolute", "--git-common-dir");
  if (code === 0) return out.trimEnd();
  const problem = err.includes("not a git repository")
    ? "The run's root folder is not in a git repository, so it has no worktrees. Make one with: git init."
    : `The git repository of the run's root folder cannot be read: ${lastWords(err)}`;
  throw worktreeFailed(problem, false);
}

/**
 * Refuses a repository in which git would write through a link, because commands can put links there.
 * @throws WORKTREE_FAILED
 */
export function refuseLinks(gitDir: string, branch = "x"): void {
  const written = [
    join("refs/heads", branch),
    join("logs/refs/heads", branch),
    "worktrees",
    "objects/info",
    "objects/pack",
  ];
  for (const path of written) {
    let at = gitDir;
    for (const name of path.split(sep)) {
      at = join(at, name);
      if (!lstatSync(at, { throwIfNoEntry: false })?.isSymbolicLink()) continue;
      throw worktreeFailed(
        `"${at}" is a link, and git would write where it leads. Replace it by what it leads to.`,
        false,
      );
    }
  }
}

/** All worktrees of the repository around a folder, also those whose folder is gone. */
export async function listWorktrees(rootDir: string): Promise<ListedWorktree[]> {
  const out = await gitOutput(rootDir, "worktree", "list", "--porcelain", "-z");
  return out
    .split("\0\0")
    .filter((block) => block !== "")
    .map((block) => {
      const lines = block.split("\0");
      const after = (word: string) => lines.find((line) => line.startsWith(`${word} `))?.slice(word.length + 1);
      return {
        path: after("worktree") ?? "",
        branch: after("branch")?.replace(/^refs\/heads\//, ""),
        isUnfinished: after("locked") === "initializing",
      };
    });
}

/** The folder in which git keeps what belongs to one worktree; undefined when there is none. */
export function ownGitDir(gitDir: string, path: string): string | undefined {
  const folder = join(gitDir, "worktrees");
  try {
    return readdirSync(folder)
      .map((name) => join(folder, name))
      .find((own) => readFileSync(join(own, "gitdir"), "utf8").trimEnd() === join(path, ".git"));
  } catch {
    return undefined;
  }
}

/** What commands in a worktree may see and change of its repository. */
export interface RepositoryAccess {
  /** The shared `.git`, which can be read. */
  readonly dir: string;
  /** What a commit changes. */
  readonly writable: readonly string[];
  /** Files in the writable folders that tell git where to find its settings. */
  readonly protected: readonly string[];
  /** Where a file would be such settings, and none is. */
  readonly watched: readonly string[];
}

/**
 * Commits need to add objects, and to change the branch and its log. Settings and hooks, which git executes, stay
 * read-only.
 */
export function accessFor(gitDir: string, own: string, branch: string | undefined): RepositoryAccess {
  const ofBranch =
    branch === undefined ? [] : [folderOf(gitDir, "refs", branch), folderOf(gitDir, "logs/refs", branch)];
  const settings = join(own, "config.worktree");
  return {
    dir: gitDir,
    writable: [join(gitDir, "objects"), own, ...ofBranch],
    protected: ["commondir", "gitdir", "locked", "config.worktree"].map((name) => join(own, name)).filter(isFile),
    watched: isFile(settings) ? [] : [settings],
  };
}

/** The folder of a branch's file, or the next one above that exists. */
function folderOf(gitDir: string, kind: string, branch: string): string {
  const top = join(gitDir, kind, "heads");
  const folder = dirname(join(top, branch));
  return lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() ? folder : top;
}

const isFile = (path: string) => lstatSync(path, { throwIfNoEntry: false })?.isFile() ?? false;

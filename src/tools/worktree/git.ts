import { execFile } from "node:child_process";
import { readField, SmithersError } from "../../errors/index.ts";

/** What git answered. */
export interface GitAnswer {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/**
 * Nothing that lies in a repository or a worktree may be executed: this git is in no sandbox. Hooks and file system
 * monitors are such things; what `.git/config` names is the owner's, and read-only for commands. A folder that merely
 * looks like a repository, as a command can make one, is not taken for one.
 */
const harmless = [
  ...["-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"],
  ...["-c", "safe.bareRepository=explicit", "-c", "gc.auto=0"],
];

/** Longest output, in bytes. */
const maxBytes = 64 * 1024 * 1024;

/**
 * Runs git without a shell, in a folder.
 * @throws WORKTREE_FAILED when git is not installed
 */
export function git(cwd: string, ...args: string[]): Promise<GitAnswer> {
  return gitAt({}, cwd, ...args);
}

/**
 * Like {@link git}, with further variables of the environment, such as where git's own files are.
 * @throws WORKTREE_FAILED when git is not installed
 */
export function gitAt(env: Readonly<Record<string, string>>, cwd: string, ...args: string[]): Promise<GitAnswer> {
  return new Promise((resolve, reject) => {
    const options = { cwd, env: { ...environment(), ...env }, maxBuffer: maxBytes, encoding: "utf8" } as const;
    execFile("git", [...harmless, ...args], options, (error, out, err) => {
      const code = error === null ? 0 : readField(error, "code");
      if (typeof code === "number") return resolve({ code, out, err });
      if (code === "ENOENT") return reject(worktreeFailed("git is not installed, or not on the PATH.", false));
      reject(worktreeFailed(`git could not be executed: ${error?.message ?? "unknown"}`, true));
    });
  });
}

/**
 * The standard output of a command that must succeed.
 * @throws WORKTREE_FAILED with git's own words
 */
export async function gitOutput(cwd: string, ...args: string[]): Promise<string> {
  const { code, out, err } = await git(cwd, ...args);
  if (code !== 0) throw worktreeFailed(`git ${args[0]} ${args[1] ?? ""} failed: ${lastWords(err)}`, true);
  return out;
}

/** The problem that git tells, without its prefix. */
export const lastWords = (err: string): string =>
  err
    .trim()
    .split("\n")
    .at(-1)!
    .replace(/^(?:fatal|error): /, "") || "git gives no reason.";

/** @param retryable whether another attempt may succeed */
export function worktreeFailed(problem: string, retryable: boolean): SmithersError {
  return Object.assign(new SmithersError("WORKTREE_FAILED", problem), { retryable });
}

/** None of the variables that tell git where a repository is, or what to execute. */
function environment(): Record<string, string> {
  const { PATH, HOME, LANG } = process.env;
  const given = { PATH, HOME, LANG, GIT_TERMINAL_PROMPT: "0", GIT_OPTIONAL_LOCKS: "0", LC_ALL: "C" };
  return Object.fromEntries(Object.entries(given).filter((pair): pair is [string, string] => pair[1] !== undefined));
}

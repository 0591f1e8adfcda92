import { createInterface } from "node:readline";
import { withRoot } from "../confined.ts";
import {
  kill,
  maxMemoryBytes,
  minTemporaryBytes,
  type Sandbox,
  type SandboxedProcess,
  type SandboxPolicy,
  start,
} from "../sandbox/index.ts";
import { toRipgrep } from "./pattern.ts";
import { type Match, maxSearchedFileBytes, type Search, type SearchEngine, skippedGlobs } from "./search.ts";

/** ripgrep cannot handle the pattern; the built-in engine can. */
export class PatternNotTaken extends Error {}

/**
 * Searches with ripgrep in a sandbox that shows only the root folder and the system's files: a link that is swapped
 * during the search leads nowhere.
 */
export function ripgrep(program: string, sandbox: Sandbox): SearchEngine {
  return async (search, signal, take) => {
    const pattern = toRipgrep(search.pattern);
    if (pattern === undefined) throw new PatternNotTaken();
    const child = withRoot(search.root, search.path, ({ fd, path: rootDir }) => {
      const policy: SandboxPolicy = {
        rootDir,
        rootFd: fd,
        readOnly: true,
        cwd: rootDir,
        allowNetwork: false,
        readable: [],
        hidden: search.hidden,
        protected: [],
        writable: [],
        memoryBytes: maxMemoryBytes,
        temporaryBytes: minTemporaryBytes,
        env: { LANG: "C.UTF-8" },
      };
      return start(sandbox, policy, [program, ...args(search, pattern)]);
    });
    const stop = () => kill(child);
    signal.addEventListener("abort", stop);
    try {
      await readMatches(child, take);
    } finally {
      signal.removeEventListener("abort", stop);
      stop();
    }
    signal.throwIfAborted();
  };
}

function args({ path, ignoreCase }: Search, pattern: string): string[] {
  return [
    ...["--no-config", "--json", "--sort=path", "--no-ignore", "--hidden", "--no-messages", "--encoding=none"],
    ignoreCase ? "--ignore-case" : "--case-sensitive",
    `--max-filesize=${maxSearchedFileBytes}`,
    ...skippedGlobs.map((name) => `--glob=!${name}`),
    `--regexp=${pattern}`,
    "--",
    `./${path}`,
  ];
}

async function readMatches(child: SandboxedProcess, take: (match: Match) => boolean): Promise<void> {
  const exit = new Promise<number | null>((resolve, reject) => {
    child.on("close", resolve);
    child.on("error", reject);
  });
  let said = "";
  child.stderr.on("data", (chunk) => (said = (said + chunk).slice(0, 2_000)));
  let ofFile: Match[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    const { type, data } = JSON.parse(line);
    if (type === "match") {
      const text = decoded(data.lines).replace(/\n$/, "");
      ofFile.push({ path: decoded(data.path).replace(/^(\.\/)+/, ""), lineNo: data.line_number, text });
    } else if (type === "end") {
      // A file with a NUL byte is binary, also before that byte.
      const matches = data.binary_offset === null ? ofFile : [];
      ofFile = [];
      if (!matches.every(take)) return;
    }
  }
  const exitCode = await exit;
  if (exitCode !== 0 && exitCode !== 1) {
    if (said.includes("regex") || said.includes("not allowed")) throw new PatternNotTaken(said);
    if (said !== "") throw new Error(said);
  }
}

const decoded = ({ text, bytes }: { text?: string; bytes?: string }) =>
  text ?? Buffer.from(bytes ?? "", "base64").toString("utf8");

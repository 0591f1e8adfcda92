import { statfsSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { OwnDatabases } from "../../engine/databases/index.ts";
import { messageOf } from "../../errors/index.ts";
import { staleAfterMs } from "../../model/index.ts";
import { runtime } from "../../runtime/index.ts";
import { openStore } from "../../store/index.ts";
import { isPostgresUrl } from "../../store/postgres/url.ts";
import { oneLine } from "../../text/printable.ts";
import { runCommand } from "../../tools/command.ts";
import { findProgram, findSandbox } from "../../tools/sandbox/index.ts";
import {
  absoluteDatabase,
  databaseFolder,
  namedDatabase,
  nearestDatabase,
  shortPath,
} from "../source/find-database.ts";
import { bytes, count, shellWords } from "../terminal/format.ts";

/** Result of one check. */
export interface Finding {
  readonly name: string;
  readonly state: "ok" | "warn" | "fail";
  readonly finding: string;
  /** How to fix the problem. */
  readonly advice?: string;
}

const othersMayRead = 0o044;
const sandboxTimeoutMs = 20_000;

/** Checks what runs need on this machine. */
export async function examine({ db, port }: { db?: string; port: number }): Promise<Finding[]> {
  const named = namedDatabase(db);
  const file = named === undefined ? nearestDatabase()?.file : absoluteDatabase(named);
  return [
    runtimeVersion(),
    await sandbox(file),
    ripgrep(),
    await database(file),
    ...(await databasesOfWorkflows(file)),
    await portOf(port),
    disk(file),
  ];
}

function runtimeVersion(): Finding {
  const { name, version, upgrade } = runtime;
  if (upgrade === undefined) return { name, state: "ok", finding: version };
  return { name, state: "fail", finding: `${version} is too old`, advice: upgrade };
}

/** Runs a command as `bash` does in a run of this database: in the same root folder, with the same files hidden. */
async function sandbox(file: string | undefined): Promise<Finding> {
  const name = "sandbox";
  const rootDir = file === undefined ? process.cwd() : databaseFolder(file);
  const context = {
    root: { rootDir, narrowedTo: "" },
    rootDir,
    allowNetwork: false,
    fileRules: {
      privatePaths: () => (file === undefined || isPostgresUrl(file) ? [] : [file]),
      entries: [],
      readable: [],
      writable: [],
    },
    worktree: undefined,
    signal: AbortSignal.timeout(sandboxTimeoutMs),
    output() {},
  };
  try {
    const found = await findSandbox();
    const said = await runCommand({ command: "echo works" }, context);
    if (said === "works") return { name, state: "ok", finding: `bash runs confined by ${found.name}` };
    return { name, state: "fail", finding: `a test command under ${found.name} printed ${oneLine(said)}` };
  } catch (error) {
    const advice = "Without it the bash tool refuses to run commands; everything else works.";
    return { name, state: "warn", finding: oneLineOf(error), advice };
  }
}

function ripgrep(): Finding {
  const program = findProgram("rg");
  if (program !== undefined) return { name: "ripgrep", state: "ok", finding: program };
  const advice = "Without it the grep tool is slower. On Debian or Ubuntu: apt-get install ripgrep";
  return { name: "ripgrep", state: "warn", finding: "not installed", advice };
}

async function database(file: string | undefined): Promise<Finding> {
  const name = "database";
  if (file === undefined) {
    return { name, state: "ok", finding: "no smithers.db in this folder or above it; the first run creates one" };
  }
  const path = shortPath(file);
  try {
    const store = await openStore(file, { existing: true });
    try {
      const { damage, version, sizeBytes } = await store.describe({ integrity: true });
      if (damage) {
        const advice = "Restore it from a backup.";
        return { name, state: "fail", finding: `${path} is damaged: ${oneLine(damage)}`, advice };
      }
      await store.probe();
      const { staleRuns, runs } = await store.readBacklog(Date.now() - staleAfterMs);
      const open = Object.values(runs).reduce((sum, one) => sum + one, 0);
      const finding = `${path}, version ${version}, ${bytes(sizeBytes)}, intact, ${count(open, "unfinished run")}`;
      if (staleRuns === 0 && !isPostgresUrl(file) && (statSync(file).mode & othersMayRead) !== 0) {
        const advice = `Keep it to yourself: chmod 600 ${shellWords([path])}*`;
        return { name, state: "warn", finding: `${finding}, readable by other users`, advice };
      }
      if (staleRuns === 0) return { name, state: "ok", finding };
      const advice =
        "List them with smithers ps --status running. A server continues them by itself, or use smithers resume <run>.";
      return {
        name,
        state: "warn",
        finding: `${finding}, ${count(staleRuns, "run")} whose process has died`,
        advice,
      };
    } finally {
      await store.close();
    }
  } catch (error) {
    return { name, state: "fail", finding: oneLineOf(error) };
  }
}

/** The databases that workflows name, if one of them is not used. */
async function databasesOfWorkflows(file: string | undefined): Promise<Finding[]> {
  if (file === undefined) return [];
  try {
    const store = await openStore(file, { existing: true });
    try {
      const listed = await new OwnDatabases(store, { rootDir: databaseFolder(file) }).list();
      return listed.flatMap(({ path, error }) => {
        if (!error) return [];
        const finding = oneLine(`${shortPath(path)}: ${error.problem}`);
        return [{ name: "dbPath", state: "warn" as const, finding, advice: oneLine(error.advice) }];
      });
    } finally {
      await store.close();
    }
  } catch {
    // The check of the database itself says why it cannot be used.
    return [];
  }
}

async function portOf(port: number): Promise<Finding> {
  const server = createServer();
  const problem = await new Promise<NodeJS.ErrnoException | undefined>((settle) => {
    server.once("error", settle);
    server.listen(port, "127.0.0.1", () => server.close(() => settle(undefined)));
  });
  const name = "port";
  if (!problem) return { name, state: "ok", finding: `${port} is free` };
  const finding = problem.code === "EADDRINUSE" ? `${port} is in use` : `${port} cannot be used: ${problem.message}`;
  return { name, state: "warn", finding, advice: "Choose another port, or 0 for a free one: smithers server --port 0" };
}

const scarceBytes = 1024 ** 3;
const tooFewBytes = 50 * 1024 ** 2;

function disk(file: string | undefined): Finding {
  const folder = file === undefined ? process.cwd() : databaseFolder(file);
  const name = "disk";
  try {
    const { bavail, bsize } = statfsSync(folder);
    const free = bavail * bsize;
    const finding = `${bytes(free)} free`;
    if (free >= scarceBytes) return { name, state: "ok", finding };
    const advice = "Free some space, or delete old runs: smithers gc";
    return { name, state: free < tooFewBytes ? "fail" : "warn", finding, advice };
  } catch (error) {
    return { name, state: "warn", finding: oneLineOf(error) };
  }
}

function oneLineOf(error: unknown): string {
  return oneLine(messageOf(error));
}

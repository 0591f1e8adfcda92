import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { Client } from "./client.ts";
import type { Synchronous } from "./commit.ts";
import { workflows } from "./workflows.ts";

/** The program of a user who serves a folder. It imports the package as published. */
const serve = `
import { Database } from "bun:sqlite";
import { drizzle } from "drizzle-orm/bun-sqlite";
import { startServer } from "smithers-orchestrator";

const { SYNCHRONOUS, RETENTION, ISOLATION, DB, MAX_CONCURRENCY } = process.env;
const maxConcurrency = MAX_CONCURRENCY === undefined ? undefined : Number(MAX_CONCURRENCY);
const db = DB ?? drizzle(new Database("smithers.db", { create: true }));
const server = startServer({ port: 0, db, synchronous: SYNCHRONOUS, retention: RETENTION, isolation: ISOLATION, maxConcurrency });
server.on("listening", () => console.log("http://127.0.0.1:" + server.address().port));
`;

export interface ServerSettings {
  readonly synchronous?: Synchronous;
  /** How long ended runs are kept; see the option `retention`. */
  readonly retention?: string;
  /** Where the workflows' code runs; see the option `isolation`. */
  readonly isolation?: "process" | "none";
  /** How many attempts it executes at once; see the option `maxConcurrency`. */
  readonly maxConcurrency?: number;
  /** Address of a Postgres database; a SQLite file in the server's folder if absent. */
  readonly db?: string;
  /** Arguments for Bun, before the program. */
  readonly bunArgs?: readonly string[];
  /** Whether it executes the sources, whose stack frames name the module. Default: false, the package as published. */
  readonly fromSource?: boolean;
}

/** A server in its own process and folder. */
export class BenchServer {
  readonly client: Client;
  readonly rootDir: string;
  /** Milliseconds from the start of the process to its first answer. */
  readonly startMs: number;
  readonly #child: ChildProcess;

  private constructor(url: string, rootDir: string, startMs: number, child: ChildProcess) {
    this.client = new Client(url);
    this.rootDir = rootDir;
    this.startMs = startMs;
    this.#child = child;
  }

  /** Starts a server in `rootDir`, with the data of an earlier one. */
  static async start(rootDir: string, settings: ServerSettings = {}): Promise<BenchServer> {
    const {
      synchronous = "full",
      retention,
      isolation,
      db,
      maxConcurrency,
      bunArgs = [],
      fromSource = false,
    } = settings;
    mkdirSync(rootDir, { recursive: true });
    writeWorkflows(rootDir);
    writeFileSync(join(rootDir, "serve.ts"), serve);
    // The folder's own tsconfig decides whether the package's name is resolved to the sources.
    const resolution = fromSource ? { extends: join(import.meta.dirname, "../tsconfig.json") } : {};
    writeFileSync(join(rootDir, "tsconfig.json"), JSON.stringify(resolution));
    // The log goes to a file, as for a service.
    const log = openSync(join(rootDir, "server.log"), "a");
    const begin = performance.now();
    const child = spawn(process.execPath, [...bunArgs, "serve.ts"], {
      cwd: rootDir,
      env: {
        ...process.env,
        SYNCHRONOUS: synchronous,
        ...(retention === undefined ? {} : { RETENTION: retention }),
        ...(isolation === undefined ? {} : { ISOLATION: isolation }),
        ...(db === undefined ? {} : { DB: db }),
        ...(maxConcurrency === undefined ? {} : { MAX_CONCURRENCY: String(maxConcurrency) }),
      },
      stdio: ["ignore", "pipe", log],
    });
    closeSync(log);
    const url = await firstLine(child.stdout!, rootDir);
    await new Client(url).get("/health");
    return new BenchServer(url, rootDir, performance.now() - begin, child);
  }

  /** Resident memory in MB, after the process has had time to release unused memory. */
  async residentMb(idleMs = 20_000): Promise<number> {
    await Bun.sleep(idleMs);
    return this.residentNowMb();
  }

  residentNowMb(): number {
    return residentMbOf(this.#child.pid!);
  }

  /** Forgets the peak of the resident memory so far; see {@link peakMb}. */
  resetPeak(): void {
    // See proc_pid_clear_refs(5).
    writeFileSync(`/proc/${this.#child.pid}/clear_refs`, "5");
  }

  /** Largest resident memory in MB since {@link resetPeak}. */
  peakMb(): number {
    return memoryMbOf(this.#child.pid!, "VmHWM");
  }

  /** Resident memory of each worker process in MB. */
  workersMb(): number[] {
    return this.#workers().map(residentMbOf);
  }

  #workers(): number[] {
    const { pid } = this.#child;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
    return children === "" ? [] : children.split(" ").map(Number);
  }

  /** CPU time of the process so far, in user and kernel mode, in milliseconds. */
  cpuMs(): number {
    return cpuMsOf(this.#child.pid!);
  }

  /** CPU time of the process and its workers so far, in milliseconds. */
  treeCpuMs(): number {
    return [this.#child.pid!, ...this.#workers()].reduce((sum, pid) => sum + cpuMsOf(pid), 0);
  }

  /** Size of the database with its write-ahead log, in bytes. */
  databaseBytes(): number {
    return ["", "-wal"].reduce((sum, suffix) => sum + sizeOf(join(this.rootDir, `smithers.db${suffix}`)), 0);
  }

  /** Ends the process as a crash does. */
  kill(): Promise<void> {
    return this.stop("SIGKILL");
  }

  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, "exit");
    this.#child.kill(signal);
    await gone;
  }
}

/** CPU time of a process so far, in user and kernel mode, in milliseconds. */
export function cpuMsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  // Linux counts 100 clock ticks per second: fields 14 and 15 of proc_pid_stat(5).
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

const residentMbOf = (pid: number) => memoryMbOf(pid, "VmRSS");

function memoryMbOf(pid: number, field: "VmRSS" | "VmHWM"): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return (Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1024) / 1e6;
}

export function writeWorkflows(rootDir: string): void {
  for (const [name, text] of Object.entries(workflows)) writeFileSync(join(rootDir, name), text);
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

async function firstLine(stdout: Readable, rootDir: string): Promise<string> {
  for await (const line of createInterface(stdout)) return line;
  const log = readFileSync(join(rootDir, "server.log"), "utf8");
  throw new Error(`The server exited before it printed its address:\n${log}`);
}

import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Client } from "./client.ts";
import { commitMs, type Synchronous } from "./commit.ts";
import { BenchServer, type ServerSettings, writeWorkflows } from "./server.ts";

/** A measured value. */
export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** The target: at most, or at least. A figure without a target is reported, not judged. */
  readonly atMost?: number;
  readonly atLeast?: number;
  /** Number of steps, for a point of the growth plot. */
  readonly steps?: number;
}

/** A benchmark: a row of the table of targets. */
export interface Benchmark {
  readonly name: string;
  readonly title: string;
  /** Whether it reads the server's process or files, and so can measure only a server that it has started itself. */
  readonly needsProcess: boolean;
  run(bench: Bench): Promise<Figure[]>;
}

/** A server that is already running. */
export interface Elsewhere {
  readonly client: Client;
  /** The root folder of that server's workflows, as a path on this machine. */
  readonly rootDir: string;
}

/** What a benchmark gets to work with. */
export class Bench {
  readonly quick: boolean;
  readonly synchronous: Synchronous;
  /** A folder on the measured disk. */
  readonly folder: string;
  readonly #elsewhere: Elsewhere | undefined;
  readonly #servers: BenchServer[] = [];
  readonly #commits: number[] = [];

  constructor(options: { folder: string; quick: boolean; synchronous: Synchronous; elsewhere?: Elsewhere }) {
    this.folder = mkdtempSync(join(options.folder, "row-"));
    this.quick = options.quick;
    this.synchronous = options.synchronous;
    this.#elsewhere = options.elsewhere;
  }

  /** A number of repetitions: smaller in quick mode. */
  size(full: number, quick: number): number {
    return this.quick ? quick : full;
  }

  /** A client of a server that has the benchmarks' workflows. */
  async client(): Promise<Client> {
    if (!this.#elsewhere) return (await this.server()).client;
    writeWorkflows(this.#elsewhere.rootDir);
    return this.#elsewhere.client;
  }

  /** Starts a server, in a new folder unless `rootDir` names one. */
  async server(settings: ServerSettings & { rootDir?: string } = {}): Promise<BenchServer> {
    const rootDir = settings.rootDir ?? mkdtempSync(join(this.folder, "server-"));
    const server = await BenchServer.start(rootDir, { synchronous: this.synchronous, ...settings });
    this.#servers.push(server);
    return server;
  }

  /** Measures the current cost of a commit, with which the row's figures are compared. */
  measureCommit(): number {
    const ms = commitMs(this.folder, this.synchronous);
    this.#commits.push(ms);
    return ms;
  }

  get commits(): readonly number[] {
    return this.#commits;
  }

  async close(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.stop()));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Client } from "./client.ts";
import { commitMs, type Synchronous } from "./commit.ts";
import { BenchServer, type ServerSettings, writeWorkflows } from "./server.ts";

/** One measured value. */
export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** What it should be: at most, or at least. None: it is told, not judged. */
  readonly atMost?: number;
  readonly atLeast?: number;
  /** A point of the growth plot: this many steps. */
  readonly steps?: number;
}

/** A row of the table of targets. */
export interface Benchmark {
  readonly name: string;
  readonly title: string;
  /** It looks at the server's process or files, so that only a server that it has started itself can be measured. */
  readonly needsProcess: boolean;
  run(bench: Bench): Promise<Figure[]>;
}

/** A server that is measured wherever it runs. */
export interface Elsewhere {
  readonly client: Client;
  /** The folder that its workflow paths start at, as seen from here. */
  readonly rootDir: string;
}

/** What a benchmark is given. */
export class Bench {
  readonly quick: boolean;
  readonly synchronous: Synchronous;
  /** On the disk that is measured. */
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

  /** How many of something: less in quick mode. */
  size(full: number, quick: number): number {
    return this.quick ? quick : full;
  }

  /** A client of a server that has the benchmarks' workflows. */
  async client(): Promise<Client> {
    if (!this.#elsewhere) return (await this.server()).client;
    writeWorkflows(this.#elsewhere.rootDir);
    return this.#elsewhere.client;
  }

  /** A server of its own, over a new folder unless `rootDir` names one. */
  async server(settings: ServerSettings & { rootDir?: string } = {}): Promise<BenchServer> {
    const rootDir = settings.rootDir ?? mkdtempSync(join(this.folder, "server-"));
    const server = await BenchServer.start(rootDir, { synchronous: this.synchronous, ...settings });
    this.#servers.push(server);
    return server;
  }

  /** What a commit costs now: the latest of the figures that the row is held against. */
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

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Client } from "../client.ts";
import type { BenchPostgres } from "../postgres.ts";
import { BenchServer, cpuMsOf } from "../server.ts";
import type { WorkflowName } from "../workflows.ts";

export type Kind = "one" | "sequence" | "fanOut" | "signal";

/** Servers of one kind on one database. */
export interface Contestant {
  readonly name: string;
  /** Whether it can run this kind. */
  can(kind: Kind): boolean;
  /** Starts a run, on the first server. Returns its id once that is committed. */
  start(kind: Kind, length?: number): Promise<string>;
  /** Waits until a run has finished. */
  end(id: string): Promise<void>;
  /** Signals a run that waits, through one of the servers. */
  signal(id: string, server: number): Promise<void>;
  /** Waits until a run waits for its signal. */
  waits(id: string): Promise<void>;
  /** CPU time of the servers and what they have started, in ms. */
  cpuMs(): number;
  stop(): Promise<void>;
}

const files: Record<Kind, WorkflowName> = {
  one: "bench-one.tsx",
  sequence: "bench-sequence.tsx",
  fanOut: "bench-fan-out.tsx",
  signal: "bench-signal.tsx",
};

/** Two servers of the package. */
export class Ours implements Contestant {
  readonly name = "smithers";
  readonly #servers: readonly BenchServer[];

  private constructor(servers: readonly BenchServer[]) {
    this.#servers = servers;
  }

  static async start(folder: string, postgres: BenchPostgres): Promise<Ours> {
    const db = await postgres.createDatabase("ours");
    const root = join(folder, "ours");
    return new Ours([await BenchServer.start(root, { db }), await BenchServer.start(root, { db })]);
  }

  get #client(): Client {
    return this.#servers[0]!.client;
  }

  can(): boolean {
    return true;
  }

  start(kind: Kind, length = 1): Promise<string> {
    return this.#client.start(files[kind], { length });
  }

  async end(id: string): Promise<void> {
    await this.#client.finished(id);
  }

  async signal(id: string, server: number): Promise<void> {
    await this.#servers[server]!.client.post(`/v1/runs/${id}/signals/go`, { data: { n: 1 } });
  }

  async waits(id: string): Promise<void> {
    await this.#client.until(id, ({ type }) => type === "NodeWaitingEvent");
  }

  cpuMs(): number {
    return this.#servers.reduce((sum, server) => sum + server.treeCpuMs(), 0);
  }

  get servers(): readonly BenchServer[] {
    return this.#servers;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.stop()));
  }
}

/** A program that answers `/start`, `/end` and `/signal`, in several processes. */
export class Program implements Contestant {
  readonly name: string;
  readonly #kinds: readonly Kind[];
  readonly #urls: readonly string[];
  readonly #children: readonly ChildProcess[];

  private constructor(
    name: string,
    kinds: readonly Kind[],
    urls: readonly string[],
    children: readonly ChildProcess[],
  ) {
    this.name = name;
    this.#kinds = kinds;
    this.#urls = urls;
    this.#children = children;
  }

  /** Two processes of DBOS, which is installed in its own folder if it is not there. */
  static async dbos(postgres: BenchPostgres): Promise<Program> {
    const folder = join(import.meta.dirname, "dbos");
    if (!existsSync(join(folder, "node_modules"))) {
      execFileSync("npm", ["install", "--no-package-lock", "--no-audit", "--no-fund"], { cwd: folder });
    }
    const db = await postgres.createDatabase("dbos");
    const command = ["node", join(folder, "server.js")];
    return Program.#start("DBOS", ["one", "sequence", "fanOut", "signal"], command, db, 2);
  }

  static async bare(postgres: BenchPostgres): Promise<Program> {
    const db = await postgres.createDatabase("prototype");
    const command = [process.execPath, join(import.meta.dirname, "prototype.ts")];
    return Program.#start("prototype", ["one"], command, db, 1);
  }

  static async #start(name: string, kinds: readonly Kind[], command: readonly string[], db: string, count: number) {
    const children: ChildProcess[] = [];
    const urls: string[] = [];
    for (let n = 0; n < count; n++) {
      // One after the other: both create the tables.
      const child = spawn(command[0]!, command.slice(1), {
        env: { ...process.env, DB: db },
        stdio: ["ignore", "pipe", "inherit"],
      });
      children.push(child);
      for await (const line of createInterface(child.stdout!)) {
        if (!line.startsWith("http://")) continue;
        urls.push(line);
        break;
      }
      child.stdout!.resume();
    }
    return new Program(name, kinds, urls, children);
  }

  can(kind: Kind): boolean {
    return this.#kinds.includes(kind);
  }

  async start(kind: Kind, length = 1): Promise<string> {
    return (await this.#post<{ id: string }>(0, `/start?kind=${kind}&length=${length}`)).id;
  }

  async end(id: string): Promise<void> {
    await this.#post(0, `/end?id=${id}`);
  }

  async signal(id: string, server: number): Promise<void> {
    await this.#post(server, `/signal?id=${id}`);
  }

  async waits(): Promise<void> {
    await Bun.sleep(50);
  }

  cpuMs(): number {
    return this.#children.reduce((sum, { pid }) => sum + cpuMsOf(pid!), 0);
  }

  async stop(): Promise<void> {
    for (const child of this.#children) child.kill("SIGKILL");
  }

  async #post<T>(server: number, path: string): Promise<T> {
    const response = await fetch(this.#urls[server]! + path, { method: "POST" });
    if (response.status !== 200) throw new Error(`${this.name} answered ${await response.text()}`);
    return (await response.json()) as T;
  }
}

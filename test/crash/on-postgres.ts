import { setTimeout as sleep } from "node:timers/promises";
import client from "postgres";
import { canRun } from "../../scripts/programs.ts";
import { afterThisTest } from "../support/cleanup.ts";
import { eventually } from "../support/eventually.ts";
import { FakedClock } from "../support/faked-clock.ts";
import { Network } from "../support/network.ts";
import { newSchema } from "../support/postgres.ts";
import { type PostgresServer, startPostgres } from "../support/postgres-server.ts";
import type { History } from "./history.ts";
import type { Findings } from "./invariants.ts";
import type { Random } from "./random.ts";

/** How far the clock of a server may be from the real time, in hours. */
const mostSkewHours = 6;

/** A Postgres server that fails too, and servers in networks of their own that are cut, with clocks that are wrong. */
export class OnPostgres {
  readonly #server: PostgresServer;
  readonly #schema = newSchema();
  readonly #networks: readonly (Network | undefined)[];
  readonly #random: Random;
  readonly #history: History;

  private constructor(
    server: PostgresServer,
    networks: readonly (Network | undefined)[],
    random: Random,
    history: History,
  ) {
    this.#server = server;
    this.#networks = networks;
    this.#random = random;
    this.#history = history;
  }

  /** @param servers how many servers of the package use it */
  static async start(servers: number, random: Random, history: History): Promise<OnPostgres> {
    const server = await startPostgres("listen_addresses = '*'\nfsync = on", ["198.18.0.0/15"]);
    afterThisTest(() => server.remove());
    const canCut = Network.canMake();
    const networks = Array.from({ length: servers }, () => (canCut ? Network.create() : undefined));
    afterThisTest(() => {
      for (const network of networks) network?.remove();
    });
    return new OnPostgres(server, networks, random, history);
  }

  network(place: number): Network | undefined {
    return this.#networks[place];
  }

  /** Options of the server in a place. */
  options(place: number): object {
    const network = this.#networks[place];
    const url = network ? this.#server.url().replace("127.0.0.1", network.host) : this.#server.url();
    return { db: `${url}?schema=${this.#schema}`, ...(network ? { host: "0.0.0.0", insecure: true } : {}) };
  }

  /** The environment of a server: every second one has a clock that is hours wrong. */
  env(): Record<string, string> {
    if (!canRun("faketime") || this.#random.next() < 0.5) return {};
    const clock = new FakedClock();
    clock.set(this.#random.between(-mostSkewHours * 3_600, mostSkewHours * 3_600));
    this.#history.skewed += 1;
    return clock.env;
  }

  /** Cuts a server off for longer than its leases last (`leaseMs`), restarts Postgres, or ends some of its connections. */
  async harm(place: number, leaseMs: number): Promise<void> {
    const network = this.#networks[place];
    const what = this.#random.between(0, 3);
    if (what === 0 && network) {
      network.cut();
      await sleep(leaseMs + this.#random.between(500, 3_000));
      network.mend();
      this.#history.cuts += 1;
    } else if (what === 1) {
      await this.#server.stop(this.#random.pick(["fast", "immediate"] as const));
      await sleep(this.#random.between(0, 1_500));
      await this.#server.start();
      this.#history.restarts += 1;
    } else {
      await this.#terminate();
    }
  }

  async #terminate(): Promise<void> {
    const part = this.#random.pick([0.2, 0.5, 1]);
    await this.#ask(
      (sql) => sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = 'smithers' AND random() <= ${part}`,
    );
    this.#history.terminations += 1;
  }

  /** What the database itself says. */
  async check(findings: Findings): Promise<void> {
    await this.#ask(async (sql) => {
      const table = (name: string) => sql(`${this.#schema}._smithers_${name}`);
      const running = () => sql`SELECT run_id FROM ${table("runs")} WHERE status = 'running'`;
      await eventually(async () => (await running()).length === 0, { within: 10_000 }).catch(() => {});
      findings.check((await running()).length === 0, `${(await running()).length} runs are running`);
      const attempts = await sql`SELECT a.run_id FROM ${table("attempts")} a JOIN ${table("runs")} r USING (run_id)
        WHERE a.state = 'running' AND r.owner IS NULL`;
      findings.check(attempts.length === 0, `${attempts.length} attempts of runs that nobody executes are running`);
      const gaps = await sql`SELECT r.run_id FROM ${table("runs")} r LEFT JOIN ${table("events")} e USING (run_id)
        GROUP BY r.run_id, r.last_seq HAVING count(e.seq) <> r.last_seq OR coalesce(max(e.seq), 0) <> r.last_seq`;
      findings.check(gaps.length === 0, `the events of these runs have gaps: ${gaps.map(({ run_id }) => run_id)}`);
      const left = await sql`SELECT e.run_id FROM ${table("events")} e LEFT JOIN ${table("runs")} r USING (run_id)
        WHERE r.run_id IS NULL`;
      findings.check(left.length === 0, `${left.length} events belong to no run`);
    });
  }

  async #ask<T>(question: (sql: client.Sql) => Promise<T>): Promise<T> {
    const sql = client(this.#server.url(), { max: 1, onnotice() {} });
    try {
      return await question(sql);
    } finally {
      await sql.end({ timeout: 0 });
    }
  }
}

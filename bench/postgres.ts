import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import client from "postgres";
import { type PostgresServer, startPostgres } from "../test/support/postgres-server.ts";

/** Durable as in production; enough connections for several servers and what they are compared with. */
const settings = `fsync = on
synchronous_commit = on
shared_buffers = 256MB
max_wal_size = 2GB
autovacuum_naptime = 10s`;

/** The state of the tables of a schema. */
export interface TableState {
  /** Size of the tables with their indexes, in bytes. */
  readonly bytes: number;
  readonly liveRows: number;
  /** Rows that were deleted or replaced, and whose space is not free yet. */
  readonly deadRows: number;
}

/** A Postgres server for measurements, in a folder of its own. */
export class BenchPostgres {
  readonly #server: PostgresServer;
  readonly #sql: client.Sql;

  private constructor(server: PostgresServer) {
    this.#server = server;
    this.#sql = client(server.url(), { max: 1, onnotice() {} });
  }

  static async start(): Promise<BenchPostgres> {
    return new BenchPostgres(await startPostgres(settings));
  }

  url(database?: string): string {
    return this.#server.url(database);
  }

  async createDatabase(name: string): Promise<string> {
    await this.#sql.unsafe(`CREATE DATABASE ${name}`);
    return this.url(name);
  }

  /** CPU time of all of the server's processes so far, those that have ended too, in milliseconds. */
  cpuMs(): number {
    const [pid] = readFileSync(join(this.#server.folder, "data/postmaster.pid"), "utf8").split("\n");
    const processes = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
    return processes.reduce((sum, name) => sum + cpuMsOf(name, pid!), 0);
  }

  async tables(schema = "smithers"): Promise<TableState> {
    const [found] = await this.#sql`
      SELECT sum(pg_total_relation_size(relid))::float8 AS bytes, sum(n_live_tup)::float8 AS live,
        sum(n_dead_tup)::float8 AS dead FROM pg_stat_user_tables WHERE schemaname = ${schema}`;
    return { bytes: found!.bytes, liveRows: found!.live, deadRows: found!.dead };
  }

  async stop(): Promise<void> {
    await this.#sql.end({ timeout: 0 });
    this.#server.remove();
  }
}

/** CPU time of a process, if it is the postmaster or one of its children; with the children that it has waited for. */
function cpuMsOf(name: string, postmaster: string): number {
  try {
    const stat = readFileSync(`/proc/${name}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (name !== postmaster && fields[1] !== postmaster) return 0;
    // Linux counts 100 clock ticks per second: fields 14 to 17 of proc_pid_stat(5).
    const own = Number(fields[11]) + Number(fields[12]);
    const ended = name === postmaster ? Number(fields[13]) + Number(fields[14]) : 0;
    return (own + ended) * 10;
  } catch {
    // It has ended.
    return 0;
  }
}

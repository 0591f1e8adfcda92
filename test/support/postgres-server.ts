import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, chmodSync, chownSync, mkdirSync, mkdtempSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The newest installed Postgres, which Debian keeps out of PATH. */
function postgresPrograms(): string | undefined {
  const found = [...new Bun.Glob("*/bin/postgres").scanSync({ cwd: "/usr/lib/postgresql", onlyFiles: false })];
  const [newest] = found.map((path) => Number.parseInt(path, 10)).sort((a, b) => b - a);
  return newest === undefined ? undefined : `/usr/lib/postgresql/${newest}/bin`;
}

/** A Postgres server of the tests' own, on loopback, with a data folder that goes with it. */
export interface PostgresServer {
  readonly port: number;
  readonly folder: string;
  /** Address of one of its databases. */
  url(database?: string): string;
  /** Ends it in one of the ways of pg_ctl, and starts it again. */
  restart(mode: "fast" | "immediate"): Promise<void>;
  stop(mode: "fast" | "immediate"): Promise<void>;
  start(): Promise<void>;
  /** Starts another server that follows this one: what this one has answered as committed, both have. */
  standby(): Promise<Standby>;
  /** Mounts a file system of so many bytes for the server's files, which only root may do. @returns its folder */
  smallDisk(bytes: number): string;
  /** Ends it for good and removes its data. */
  remove(): void;
}

export interface Standby extends PostgresServer {
  /** Makes it the primary. */
  promote(): Promise<void>;
}

function userOf(name: string): { uid: number; gid: number } {
  const id = (flag: string) => Number(execFileSync("id", [flag, name], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}

/** Settings of every server: small, and quick where durability does not matter. */
const settings = `
listen_addresses = '127.0.0.1'
max_connections = 300
shared_buffers = 64MB
fsync = off
log_min_messages = fatal
max_wal_senders = 4
wal_level = replica
`;

/**
 * @param more further lines of postgresql.conf
 * @param from networks from which connections are trusted too, as `198.18.0.0/15`
 */
export async function startPostgres(more = "", from: readonly string[] = []): Promise<PostgresServer> {
  return serverFrom(async (cluster) => {
    cluster.run(
      "initdb",
      ...["-D", cluster.data, "-U", "smithers", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"],
    );
    cluster.append("postgresql.conf", settings, more);
    cluster.append("pg_hba.conf", ...from.map((network) => `host all all ${network} trust`));
  });
}

/** The files of a server. */
interface Cluster {
  readonly data: string;
  /** Runs a program of Postgres as the user that the server runs as. */
  run(program: string, ...args: string[]): void;
  /** Adds lines to a file of settings. */
  append(file: string, ...lines: string[]): void;
}

async function serverFrom(fill: (cluster: Cluster) => Promise<void>): Promise<Standby> {
  const bin = postgresPrograms();
  if (bin === undefined) throw new Error("Postgres is not installed.");
  // Postgres refuses to run as root. Its user exists only where it is installed.
  const asUser = process.getuid?.() === 0 ? userOf("postgres") : undefined;
  const folder = mkdtempSync(join(tmpdir(), "smithers-postgres-"));
  if (asUser) chownSync(folder, asUser.uid, asUser.gid);
  chmodSync(folder, 0o700);
  const data = join(folder, "data");
  const cluster: Cluster = {
    data,
    run(program, ...args) {
      const { status, stderr } = spawnSync(join(bin, program), args, { ...asUser, cwd: folder, encoding: "utf8" });
      if (status !== 0) throw new Error(`${program}: ${stderr}`);
    },
    append(file, ...lines) {
      appendFileSync(join(data, file), `${lines.join("\n")}\n`);
    },
  };
  await fill(cluster);
  const port = await freePort();
  cluster.append("postgresql.conf", `port = ${port}`, `unix_socket_directories = '${folder}'`);
  const control = (...args: string[]) => cluster.run("pg_ctl", "-D", data, "-w", "-t", "30", ...args);
  const server: Standby = {
    port,
    folder,
    url: (database = "postgres") => `postgres://smithers@127.0.0.1:${port}/${database}`,
    async start() {
      control("-l", join(folder, "log"), "start");
    },
    async stop(mode) {
      control("-m", mode, "stop");
    },
    async restart(mode) {
      await server.stop(mode);
      await server.start();
    },
    async standby() {
      return serverFrom(async (copy) => {
        const from = ["-h", "127.0.0.1", "-p", String(port), "-U", "smithers"];
        copy.run("pg_basebackup", "-D", copy.data, ...from, "-R", "-X", "stream", "-c", "fast", "--no-sync");
        copy.append("postgresql.conf", "synchronous_standby_names = ''");
      });
    },
    async promote() {
      control("promote");
    },
    smallDisk(bytes) {
      const disk = join(folder, "disk");
      mkdirSync(disk);
      execFileSync("mount", [
        "-t",
        "tmpfs",
        "-o",
        `size=${bytes},uid=${asUser!.uid},gid=${asUser!.gid}`,
        "tmpfs",
        disk,
      ]);
      return disk;
    },
    remove() {
      keeper.stdin.end();
    },
  };
  const keeper = keepUntilEnd(folder);
  await server.start();
  return server;
}

/**
 * Starts a process that ends the server and removes its folder once its own stdin is closed: with the process that has
 * started it, however that ends.
 */
function keepUntilEnd(folder: string) {
  const script = `trap "" HUP INT TERM
    cat >/dev/null
    read -r pid <"$1/data/postmaster.pid" && kill -QUIT "$pid"
    umount -l "$1/disk" 2>/dev/null
    for _ in 1 2 3 4 5 6 7 8 9 10; do rm -rf "$1" && break; sleep 0.2; done`;
  const keeper = spawn("sh", ["-c", script, "keeper", folder], { stdio: ["pipe", "ignore", "ignore"], detached: true });
  keeper.unref();
  (keeper.stdin as unknown as { unref?(): void }).unref?.();
  return keeper;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, "close");
  return port;
}

import { Database } from "bun:sqlite";
import { join } from "node:path";
import type { Bench, Benchmark, Figure } from "../benchmark.ts";
import type { WorkflowName } from "../workflows.ts";

export const database: Benchmark = {
  name: "database",
  title: "size in the database",
  needsProcess: true,
  async run(bench) {
    const sequence = await bytesPerTask(bench, "bench-sequence.tsx", 1_000);
    const loop = await bytesPerTask(bench, "bench-loop.tsx", 1_000);
    const tables = sequence.tables.map(
      ([name, bytes]): Figure => ({ what: `  ${name}`, value: bytes / 1_000, unit: "bytes per step" }),
    );
    return [
      { what: "a step of a sequence of 1,000", value: sequence.bytes, unit: "bytes", atMost: 1_500 },
      ...tables,
      { what: "an iteration of a loop of 1,000", value: loop.bytes, unit: "bytes" },
      { what: "a frame of an unchanged tree", value: loop.frameBytes, unit: "bytes", atMost: 100 },
    ];
  },
};

/** Measures what one run adds to a new database. `tables` has the largest tables, including their indexes. */
async function bytesPerTask(bench: Bench, workflow: WorkflowName, length: number) {
  const server = await bench.server();
  await server.client.complete(workflow, { length: 1 });
  await server.stop();
  const path = join(server.rootDir, "smithers.db");
  const before = bytesByTable(path);
  const again = await bench.server({ rootDir: server.rootDir });
  await again.client.complete(workflow, { length });
  await again.stop();
  const after = bytesByTable(path);
  const added = [...after].map(([name, bytes]) => [name, bytes - (before.get(name) ?? 0)] as [string, number]);
  const bytes = added.reduce((sum, [, more]) => sum + more, 0) / length;
  const tables = added.filter(([, more]) => more >= length).sort((a, b) => b[1] - a[1]);
  return { bytes, tables, frameBytes: framesOf(path, after) };
}

function open(path: string): Database {
  const opened = new Database(path);
  opened.run("PRAGMA wal_checkpoint(TRUNCATE)");
  return opened;
}

/** Bytes of used pages, by table. */
function bytesByTable(path: string): Map<string, number> {
  const opened = open(path);
  try {
    const rows = opened
      .query<{ name: string; bytes: number }, []>(
        `SELECT coalesce(m.tbl_name, s.name) AS name, sum(s.pgsize) AS bytes
         FROM dbstat s LEFT JOIN sqlite_master m ON m.name = s.name GROUP BY 1`,
      )
      .all();
    return new Map(rows.map(({ name, bytes }) => [name, bytes]));
  } finally {
    opened.close();
  }
}

function framesOf(path: string, tables: ReadonlyMap<string, number>): number {
  const opened = open(path);
  try {
    const { count } = opened.query<{ count: number }, []>("SELECT count(*) AS count FROM _smithers_frames").get()!;
    return (tables.get("_smithers_frames") ?? 0) / count;
  } finally {
    opened.close();
  }
}

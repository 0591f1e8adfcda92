import { Database } from "bun:sqlite";
import postgres from "postgres";

const copied = ["runs", "nodes", "timers", "events"].map((name) => `_smithers_${name}`);

/** Copies a run that no process executes, so many times. The copies' ids are `RUN-1`, `RUN-2` and so on. */
export async function copyRun(database: string, runId: string, times: number): Promise<void> {
  if (database.startsWith("postgres:")) return copyOnPostgres(database, runId, times);
  const file = new Database(database);
  const columnsOf = (table: string) =>
    file
      .query<{ name: string }, [string]>("SELECT name FROM pragma_table_info(?)")
      .all(table)
      .map(({ name }) => name)
      .filter((name) => name !== "run_id");
  file.run("BEGIN");
  for (const table of copied) {
    const columns = columnsOf(table).join(", ");
    file.run(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
       INSERT INTO ${table} (run_id, ${columns}) SELECT run_id || '-' || i, ${columns} FROM ${table}, n WHERE run_id = ?`,
      [times, runId],
    );
  }
  file.run("COMMIT");
  file.close();
}

async function copyOnPostgres(database: string, runId: string, times: number): Promise<void> {
  const [url, schema] = database.split("?schema=") as [string, string];
  const sql = postgres(url, { max: 1, onnotice() {} });
  await sql.begin(async (sql) => {
    for (const table of copied) {
      const found = await sql`SELECT column_name AS name FROM information_schema.columns
        WHERE table_schema = ${schema} AND table_name = ${table} AND column_name <> 'run_id'`;
      const columns = found.map(({ name }) => name).join(", ");
      const name = `${schema}.${table}`;
      await sql.unsafe(
        `INSERT INTO ${name} (run_id, ${columns})
         SELECT run_id || '-' || i, ${columns} FROM ${name}, generate_series(1, $1::int) i WHERE run_id = $2`,
        [times, runId],
      );
    }
  });
  await sql.end();
}

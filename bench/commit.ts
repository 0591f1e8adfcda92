import { Database } from "bun:sqlite";

/** Milliseconds for a transaction that inserts one row of 200 bytes, the best of five rounds. */
export function commitCost(path: string, synchronous: "full" | "normal"): number {
  const database = new Database(path, { create: true });
  database.run("PRAGMA journal_mode = WAL");
  database.run(`PRAGMA synchronous = ${synchronous}`);
  database.run("CREATE TABLE IF NOT EXISTS row (id INTEGER PRIMARY KEY, text TEXT)");
  const insert = database.query("INSERT INTO row (text) VALUES (?)");
  const text = "x".repeat(200);
  const rounds = Array.from({ length: 5 }, () => {
    const start = performance.now();
    for (let n = 0; n < 200; n++) insert.run(text);
    return (performance.now() - start) / 200;
  });
  database.close();
  return Math.min(...rounds);
}

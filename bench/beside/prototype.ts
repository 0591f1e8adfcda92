/**
 * What a server has to do at least for a trivial run, and nothing more: it records a run with its first attempt, and
 * then its output and its end, each as one statement. Commits of one moment share a statement, one is under way at a time.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import postgres from "postgres";

const sql = postgres(process.env.DB!, { max: 1, fetch_types: false, onnotice() {} });
await sql.unsafe(`
  CREATE TABLE IF NOT EXISTS proto_runs (id text PRIMARY KEY, status text NOT NULL, output text, at bigint NOT NULL);
  CREATE TABLE IF NOT EXISTS proto_events (id text, seq int, json text NOT NULL, PRIMARY KEY (id, seq));`);

interface Write {
  readonly id: string;
  readonly status: string;
  readonly output: string | null;
  readonly events: readonly string[];
  readonly from: number;
}

let queue: { write: Write; done: () => void }[] = [];
let flushing = false;

const statement = `WITH w AS (SELECT value FROM jsonb_array_elements($1::text::jsonb)),
  r AS (INSERT INTO proto_runs SELECT value ->> 'id', value ->> 'status', value ->> 'output', 0 FROM w
    ON CONFLICT (id) DO UPDATE SET status = excluded.status, output = excluded.output RETURNING 1)
  INSERT INTO proto_events SELECT value ->> 'id', (value ->> 'from')::int + e.no, e.json
    FROM w, jsonb_array_elements_text(value -> 'events') WITH ORDINALITY AS e (json, no)`;

function commit(write: Write): Promise<void> {
  return new Promise((done) => {
    queue.push({ write, done });
    if (flushing) return;
    flushing = true;
    setImmediate(() => void flush());
  });
}

async function flush(): Promise<void> {
  while (queue.length > 0) {
    const batch = queue;
    queue = [];
    await sql.unsafe(statement, [JSON.stringify(batch.map(({ write }) => write))], { prepare: true });
    for (const { done } of batch) done();
  }
  flushing = false;
}

const ends = new Map<string, Promise<void>>();
const event = (type: string) => JSON.stringify({ type, nodeId: "one", iteration: 0, timestampMs: Date.now() });

async function answer(url: URL): Promise<object> {
  if (url.pathname === "/end") {
    await ends.get(url.searchParams.get("id")!);
    ends.delete(url.searchParams.get("id")!);
    return {};
  }
  const id = crypto.randomUUID();
  await commit({ id, status: "running", output: null, from: 0, events: [event("RunStarted"), event("NodeStarted")] });
  const output = JSON.stringify({ n: 1 });
  ends.set(
    id,
    commit({ id, status: "finished", output, from: 2, events: [event("NodeFinished"), event("RunFinished")] }),
  );
  return { id };
}

const server = createServer((request, response) => {
  answer(new URL(request.url!, "http://localhost")).then(
    (value) => response.end(JSON.stringify(value)),
    (error) => response.writeHead(500).end(String(error)),
  );
});
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));

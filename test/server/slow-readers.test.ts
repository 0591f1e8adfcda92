import { expect, spyOn, test } from "bun:test";
import type { StoredEvent } from "../../src/model/index.ts";
import { SqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { afterThisTest } from "../support/cleanup.ts";
import { folder } from "../support/folder.ts";
import { rawSocket, readToEnd } from "../support/raw.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";
import { workflowFile } from "../support/workflows.ts";

/** 400 tasks whose errors make some 20 MB of events: more than the sockets' buffers hold. */
const talkative = workflowFile(
  `<Parallel>
  {Array.from({ length: 400 }, (_, n) => <Task key={n} id={\`t\${n}\`} output={outputs.result} noRetry continueOnFail>{() => { throw new SmithersError("TOOL_COMMAND_FAILED", "no", { details: { text: "x".repeat(58_000) } }); }}</Task>)}
  <Task id="last" output={outputs.result}>{() => ({ value: 1 })}</Task>
</Parallel>`,
  { head: `import { SmithersError } from "smithers-orchestrator";` },
);

test("a reader that stops reading costs a few pages of memory, and gets every event once it reads", async () => {
  const reads = spyOn(SqliteStore.prototype, "eventsAfter");
  afterThisTest(() => reads.mockRestore());
  const server = await serve(folder({ "talk.tsx": talkative }), { synchronous: "normal" });
  const runId = await server.start("talk.tsx");
  const socket = await rawSocket(server.url);
  socket.pause();
  socket.write(`GET /v1/runs/${runId}/events HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  // This reader wants no event: it waits for the end, and reads none.
  for await (const _ of server.events(runId, { afterSeq: 1_000_000 }));
  // What it has fetched lies in the buffers of the operating system, and little of it is fetched at a time.
  const pages = await Promise.all(reads.mock.results.map(({ value }) => value as Promise<StoredEvent[]>));
  expect(charsOf(pages.flat())).toBeLessThan(15_000_000);
  const long = pages.map(charsOf).filter((chars) => chars > 100_000);
  expect(long.length).toBeLessThan(5);

  const text = await readToEnd(socket);
  const ids = [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));
  expect(text.length).toBeGreaterThan(20_000_000);
  expect(ids.length).toBeGreaterThan(1_200);
  expect(ids).toEqual(ids.map((_, index) => index + 1));
  expect(text).toContain('"type":"RunFinished"');
});

const charsOf = (page: StoredEvent[]) => page.reduce((chars, { json }) => chars + json.length, 0);

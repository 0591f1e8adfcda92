import { afterEach, expect, spyOn, test } from "bun:test";
import type { StoredEvent } from "../../src/model/index.ts";
import { Store } from "../../src/store/index.ts";
import { folder } from "../support/folder.ts";
import { rawSocket, readToEnd } from "../support/raw.ts";
import { serve } from "../support/server.ts";
import { workflowFile } from "../support/workflows.ts";

const reads = spyOn(Store.prototype, "eventsAfter");
afterEach(() => void reads.mockClear());

/** 1500 tasks whose errors make some 20 MB of events: more than the sockets' buffers hold. */
const talkative = workflowFile(`<Parallel>
  {Array.from({ length: 1500 }, (_, n) => <Task key={n} id={\`t\${n}\`} output={outputs.result} noRetry continueOnFail>{() => { throw new Error("x".repeat(15_000)); }}</Task>)}
  <Task id="last" output={outputs.result}>{() => ({ value: 1 })}</Task>
</Parallel>`);

test("a reader that does not read costs a few pages, and gets every event once it reads", async () => {
  const server = await serve(folder({ "talk.tsx": talkative }), { synchronous: "normal" });
  const runId = await server.start("talk.tsx");
  const socket = await rawSocket(server.url);
  socket.pause();
  socket.write(`GET /v1/runs/${runId}/events HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  let ids: number[] = [];
  for await (const { id } of server.events(runId)) ids.push(id);
  const total = ids.length;
  expect(total).toBeGreaterThan(4_500);

  // Both readers together have fetched less than two whole logs: the one that does not read was left behind.
  const pages = await Promise.all(reads.mock.results.map(({ value }) => value as Promise<StoredEvent[]>));
  const fetched = pages.flat().length;
  expect(fetched).toBeGreaterThanOrEqual(total);
  expect(fetched).toBeLessThan(total * 1.8);

  const text = await readToEnd(socket);
  ids = [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));
  expect(ids).toEqual(Array.from({ length: total }, (_, index) => index + 1));
});

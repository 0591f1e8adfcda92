import { afterEach, expect, jest, spyOn, test } from "bun:test";
import { Feed } from "../../src/engine/index.ts";
import { SqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { eventually } from "../support/eventually.ts";
import { folder } from "../support/folder.ts";
import { rawSocket, readToEnd, readUntil } from "../support/raw.ts";
import { serveWithoutWorkers as serve, type TestServer } from "../support/server.ts";
import { workflowFile } from "../support/workflows.ts";

afterEach(() => void jest.restoreAllMocks());

const wait = workflowFile(`
  <Task id="a" output={outputs.result}>{() => ({ value: 1 })}</Task>
  <WaitForEvent id="w" event="go" output={outputs.result} />`);

const short = workflowFile(
  `<Task id="a" output={outputs.result}>{async () => { await new Promise((done) => setTimeout(done, 400)); return { value: 1 }; }}</Task>`,
);

const idsOf = (text: string) => [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));
const count = (length: number) => Array.from({ length }, (_, index) => index + 1);

/** A reader with a connection of its own that has seen the run wait: what it has been sent, and all until the end. */
async function reader(server: TestServer, runId: string): Promise<{ sent(): string; rest: Promise<string> }> {
  const socket = await rawSocket(server.url);
  let text = "";
  const waits = Promise.withResolvers<void>();
  const rest = new Promise<string>((resolve) => socket.on("close", () => resolve(text)));
  socket.on("data", (chunk) => {
    text += chunk;
    if (text.includes('"status":"waiting-event"')) waits.resolve();
  });
  socket.write(`GET /v1/runs/${runId}/events HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  await waits.promise;
  return { sent: () => text, rest };
}

const go = async (server: TestServer, runId: string) => {
  const { status } = await server.post(`/v1/runs/${runId}/signals/go`, { data: { value: 1 } });
  expect(status).toBe(200);
};

test("200 readers of one run get the same events, and those who keep up share one read", async () => {
  const server = await serve(folder({ "wait.tsx": wait }));
  const runId = await server.start("wait.tsx");
  const readers = await Promise.all(count(200).map(() => reader(server, runId)));
  const reads = spyOn(SqliteStore.prototype, "eventsAfter");
  await go(server, runId);
  const texts = await Promise.all(readers.map(({ rest }) => rest));
  const [first] = texts.map(idsOf);
  expect(first).toEqual(count(first!.length));
  expect(texts[0]).toContain('"type":"RunFinished"');
  for (const text of texts) expect(idsOf(text)).toEqual(first!);
  // Each reader asks once, at the end, whether that was the end.
  expect(reads.mock.calls.length).toBeLessThanOrEqual(readers.length * 2);
});

test("the stream is complete for each reader, whenever it comes", async () => {
  const many = workflowFile(
    `<Loop id="l" until={ctx.iterationCount("result", "t") >= 60} maxIterations={99}><Task id="t" output={outputs.result}>{async () => { await new Promise((r) => setTimeout(r, 1)); return { value: 1 }; }}</Task></Loop>`,
  );
  const server = await serve(folder({ "many.tsx": many }));
  const runId = await server.start("many.tsx");
  const read = async () => (await server.get(`/v1/runs/${runId}/events`)).body as string;
  const early = [read(), read(), read()];
  await server.until(runId, (event) => event.type === "NodeStarted" && event.iteration === 30);
  const texts = await Promise.all([...early, read(), read()]);
  expect((await server.run(runId)).status).toBe("finished");
  const last = idsOf(texts[0]!).length;
  for (const text of texts) expect(idsOf(text)).toEqual(count(last));
  // A reader that waits for long is sent comments between the events.
  expect(new Set(texts.map((text) => text.replaceAll(/^:.*\n\n/gm, ""))).size).toBe(1);
});

test("100 runs with a reader each deliver only their own events", async () => {
  const server = await serve(folder({ "short.tsx": short }), { synchronous: "normal" });
  const read = async (n: number) => {
    const runId = await server.start("short.tsx", {}, { runId: `run-${n}` });
    const socket = await rawSocket(server.url);
    socket.write(`GET /v1/runs/${runId}/events HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    return { runId, text: await readToEnd(socket) };
  };
  for (const { runId, text } of await Promise.all(count(100).map(read))) {
    expect(idsOf(text)).toEqual(count(idsOf(text).length));
    expect(text).toContain('"type":"RunFinished"');
    for (const [, id] of text.matchAll(/"runId":"([^"]*)"/g)) expect(id).toBe(runId);
  }
});

test("a reader that disconnects is released, even one that never read", async () => {
  let following = 0;
  const follow = Feed.prototype.follow;
  spyOn(Feed.prototype, "follow").mockImplementation(function (this: Feed, ...args) {
    const unfollow = follow.apply(this, args);
    following += 1;
    return () => {
      following -= 1;
      unfollow();
    };
  });
  const server = await serve(folder({ "wait.tsx": wait }));
  const runId = await server.start("wait.tsx");
  const path = `/v1/runs/${runId}/events`;
  await server.until(runId, ({ type }) => type === "NodeWaitingEvent");
  expect((await server.request("HEAD", path)).status).toBe(200);
  const sockets = await Promise.all(
    count(20).map(async () => {
      const socket = await rawSocket(server.url);
      socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
      await readUntil(socket, "NodeWaitingEvent");
      return socket;
    }),
  );
  await eventually(() => following === 20);
  for (const socket of sockets) socket.destroy();
  await eventually(() => following === 0);
  await go(server, runId);
  expect((await server.end(runId)).status).toBe("finished");
});

test("the connection of a closed stream serves the next request", async () => {
  const server = await serve(folder({ "wait.tsx": wait }));
  const runId = await server.start("wait.tsx");
  const socket = await rawSocket(server.url);
  socket.write(`GET /v1/runs/${runId}/events HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  const stream = readUntil(socket, "\r\n0\r\n\r\n");
  await go(server, runId);
  expect(await stream).toContain('"type":"RunFinished"');
  const health = readUntil(socket, '{"ok":true}');
  socket.write("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
  expect(await health).toStartWith("HTTP/1.1 200");
});

test("an idle reader gets a comment every ten seconds", async () => {
  const beats: (() => void)[] = [];
  const setReal = globalThis.setInterval;
  spyOn(globalThis, "setInterval").mockImplementation(((beat: () => void, everyMs: number) => {
    if (everyMs === 10_000) beats.push(beat);
    return setReal(beat, everyMs);
  }) as unknown as typeof setInterval);
  const server = await serve(folder({ "wait.tsx": wait }));
  const runId = await server.start("wait.tsx");
  const { sent, rest } = await reader(server, runId);
  const comments = (text: string) => [...text.matchAll(/^: keep-alive$/gm)].length;
  expect(beats.length).toBe(1);
  for (const beat of count(3)) {
    beats[0]!();
    await eventually(() => comments(sent()) === beat);
  }
  await go(server, runId);
  const text = await rest;
  expect(comments(text)).toBe(3);
  expect(idsOf(text)).toEqual(count(idsOf(text).length));
});

import { expect, test } from "bun:test";
import { createServer } from "node:http";
import { createClient, isSmithersError, type RunEvent } from "smithers-orchestrator/client";
import { Http } from "../../src/client/http.ts";
import { runEvents } from "../../src/client/run-events.ts";
import { afterThisTest } from "../support/cleanup.ts";
import { folder, write } from "../support/folder.ts";
import { ServerProcess, withoutWorkers } from "../support/process.ts";
import { TcpProxy } from "../support/proxy.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";
import { workflowFile } from "../support/workflows.ts";

const wait = workflowFile(`
  <Task id="a" output={outputs.result}>{() => ({ value: 1 })}</Task>
  <WaitForEvent id="w" event="go" output={outputs.result} />
  <Task id="b" output={outputs.result}>{() => ({ value: 2 })}</Task>`);

/** A step every 20 ms. */
const paced = (steps: number) =>
  workflowFile(`<Loop id="l" until={ctx.iterationCount("result", "t") >= ${steps}} maxIterations={999}>
    <Task id="t" output={outputs.result}>{async () => { await new Promise((end) => setTimeout(end, 20)); return { value: 1 }; }}</Task>
  </Loop>`);

const count = (length: number, first = 1) => Array.from({ length }, (_, index) => index + first);

/** Reads events to the end, and says when one of a type has come. */
function reading(events: AsyncGenerator<RunEvent>) {
  const read: RunEvent[] = [];
  const waiting = new Map<string, () => void>();
  const ended = (async () => {
    for await (const event of events) {
      read.push(event);
      waiting.get(event.type)?.();
    }
    return read;
  })();
  const seen = (type: RunEvent["type"]) => {
    if (read.some((event) => event.type === type)) return Promise.resolve();
    return Promise.race([new Promise<void>((resolve) => waiting.set(type, resolve)), ended]);
  };
  return { read, seen, ended };
}

/** Each event once and in order, from the first to the one that ends the run. */
function expectWhole(events: readonly RunEvent[], first = 1): void {
  expect(events.map(({ seq }) => seq)).toEqual(count(events.length, first));
  expect(events.at(-1)!.type).toBe("RunFinished");
}

/** What a promise rejects with. */
const rejection = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

test("events are read until the run has ended, stored ones first, each with its number", async () => {
  const server = await serve(folder({ "wait.tsx": wait }));
  const { runs, signals } = createClient({ url: server.url });
  const { runId } = await runs.start({ workflowPath: "wait.tsx" });
  const { seen, ended } = reading(runs.events(runId));
  await seen("NodeWaitingEvent");
  await signals.send(runId, "go", { data: { value: 1 } });
  const events = await ended;
  expectWhole(events);
  expect(events[0]).toMatchObject({ seq: 1, type: "RunStarted", runId, timestampMs: expect.any(Number) });
  expect((await Array.fromAsync(runs.events(runId, { afterSeq: 3 }))).map(({ seq }) => seq)).toEqual(
    count(events.length - 3, 4),
  );
  expect(await Array.fromAsync(runs.events(runId, { afterSeq: events.length }))).toEqual([]);
  expect(await Array.fromAsync(runs.events(runId, { follow: false }))).toEqual(events);
});

test("without follow the events of a run in progress end with the last stored one", async () => {
  const server = await serve(folder({ "wait.tsx": wait }));
  const { runs } = createClient({ url: server.url });
  const { runId } = await runs.start({ workflowPath: "wait.tsx" });
  await server.until(runId, (event) => event.type === "RunStatusChanged");
  const stored = await Array.fromAsync(runs.events(runId, { follow: false }));
  expect(stored.at(-1)).toMatchObject({ type: "RunStatusChanged", status: "waiting-event" });
  expect(await Array.fromAsync(runs.events(runId, { follow: false, afterSeq: stored.length }))).toEqual([]);
});

test("a server that is killed and started again is read on, nothing lost and nothing twice", async () => {
  const root = folder({ "wait.tsx": wait, "paced.tsx": paced(40) });
  const first = await ServerProcess.start(root, withoutWorkers);
  const waits = Promise.withResolvers<void>();
  const { runs, signals } = createClient({
    url: first.url,
    async fetch(url, init) {
      const response = await fetch(url, init);
      // From here on the waiting has the server's word that there is something to wait for.
      if (init.method === "HEAD") waits.resolve();
      return response;
    },
  });
  await runs.start({ workflowPath: "wait.tsx", runId: "waits" });
  await runs.start({ workflowPath: "paced.tsx", runId: "runs" });
  const readers = [reading(runs.events("waits")), reading(runs.events("runs"))];
  const end = runs.wait("waits");
  await Promise.all([readers[0]!.seen("NodeWaitingEvent"), readers[1]!.seen("NodeFinished"), waits.promise]);
  await first.kill();
  await ServerProcess.start(root, {
    SERVE_OPTIONS: JSON.stringify({
      port: Number(new URL(first.url).port),
      staleAfterMs: 500,
      heartbeatMs: 100,
      isolation: "none",
    }),
  });
  await signals.send("waits", "go", { data: { value: 1 } });
  for (const { ended } of readers) expectWhole(await ended);
  expect(await end).toMatchObject({ status: "finished", output: { value: 2 } });
}, 30_000);

test("a proxy that cuts each connection after 300 ms costs no event", async () => {
  const server = await serve(folder({ "paced.tsx": paced(60) }));
  const proxy = await TcpProxy.start(server.url, { cutAfterMs: 300 });
  const direct = createClient({ url: server.url });
  const { runs } = createClient({ url: proxy.url });
  const { runId } = await direct.runs.start({ workflowPath: "paced.tsx" });
  const [events, run] = await Promise.all([reading(runs.events(runId)).ended, runs.wait(runId)]);
  expectWhole(events);
  expect(events.length).toBeGreaterThan(120);
  expect(run.status).toBe("finished");
  expect(proxy.connections()).toBeGreaterThan(3);
}, 30_000);

test("a connection on which nothing comes any more is replaced", async () => {
  const server = await serve(folder({ "wait.tsx": wait }));
  const proxy = await TcpProxy.start(server.url);
  const { runs, signals } = createClient({ url: server.url });
  const { runId } = await runs.start({ workflowPath: "wait.tsx" });
  const { seen, ended } = reading(runEvents(new Http({ url: proxy.url }), runId, {}, { silenceMs: 300 }));
  await seen("NodeWaitingEvent");
  proxy.stall();
  await signals.send(runId, "go", { data: { value: 1 } });
  expectWhole(await ended);
});

test("a run that failed and was resumed is read past its failure", async () => {
  const root = folder({
    "flaky.tsx": workflowFile(
      `<Task id="a" output={outputs.result} noRetry>{() => { if (!existsSync(ctx.input.gate)) throw new Error("no"); return { value: 1 }; }}</Task>`,
    ),
  });
  const server = await serve(root);
  const { runs } = createClient({ url: server.url });
  const { runId } = await runs.start({ workflowPath: "flaky.tsx", input: { gate: `${root}/gate` } });
  expect(await runs.wait(runId)).toMatchObject({ status: "failed", error: { message: expect.stringContaining("no") } });
  write(root, { gate: "" });
  expect(await runs.resume(runId)).toEqual({ runId });
  expect(await runs.wait(runId)).toMatchObject({ status: "finished", output: { value: 1 } });
  const events = await Array.fromAsync(runs.events(runId));
  expectWhole(events);
  expect(events.map(({ type }) => type)).toContain("RunFailed");
});

test("an answer of 204 ends the reading, on the first connection and after one that has closed", async () => {
  const asked: unknown[] = [];
  // Has nothing left for a reader who has the event 8, and closes the stream after it.
  const front = createServer(({ url, headers }, response) => {
    const after = headers["last-event-id"] ?? new URL(url!, "http://x").searchParams.get("afterSeq");
    asked.push([url, headers["last-event-id"]]);
    if (after === "8") return response.writeHead(204).end();
    if (!url!.includes("/events")) return response.end(JSON.stringify({ status: "finished" }));
    response.writeHead(200, { "content-type": "text/event-stream", "x-last-seq": "8" });
    return response.end('retry: 1\n\nid: 8\nevent: smithers\ndata: {"type":"RunStarted"}\n\n');
  }).listen(0);
  afterThisTest(() => front.close());
  const { port } = front.address() as { port: number };
  const { runs } = createClient({ url: `http://127.0.0.1:${port}` });
  expect(await Array.fromAsync(runs.events("r", { afterSeq: 8 }))).toEqual([]);
  expect(asked.splice(0)).toEqual([["/v1/runs/r/events?afterSeq=8", undefined]]);
  expect((await Array.fromAsync(runs.events("r", { afterSeq: 7 }))).map(({ seq }) => seq)).toEqual([8]);
  expect(asked).toEqual([
    ["/v1/runs/r/events?afterSeq=7", undefined],
    ["/v1/runs/r", undefined],
    ["/v1/runs/r/events?afterSeq=7", "8"],
  ]);
});

test("an abort ends the reading and the waiting with its reason, and the connection", async () => {
  const server = await serve(folder({ "wait.tsx": wait }));
  const { runs } = createClient({ url: server.url });
  const { runId } = await runs.start({ workflowPath: "wait.tsx" });
  const stop = new AbortController();
  const { seen, ended } = reading(runs.events(runId, { signal: stop.signal }));
  const waited = rejection(runs.wait(runId, { signal: stop.signal }));
  await seen("NodeWaitingEvent");
  const why = new Error("enough");
  stop.abort(why);
  expect(await rejection(ended)).toBe(why);
  expect(await waited).toBe(why);
  expect(await rejection(Array.fromAsync(runs.events(runId, { signal: stop.signal })))).toBe(why);
  for await (const { type } of runs.events(runId)) if (type === "NodeWaitingEvent") break;
  const open = () => new Promise<number>((resolve) => server.server.getConnections((_, count) => resolve(count)));
  server.server.closeIdleConnections();
  while ((await open()) > 0) await Bun.sleep(5);
});

test("a server that stays away ends the reading once the patience is over, or at an abort", async () => {
  const server = await ServerProcess.start(folder({ "wait.tsx": wait }), withoutWorkers);
  const { runs } = createClient({ url: server.url });
  const { runId } = await runs.start({ workflowPath: "wait.tsx" });
  const stop = new AbortController();
  const patient = reading(runs.events(runId, { signal: stop.signal }));
  const impatient = reading(runs.events(runId, { patienceMs: 200 }));
  for (const { seen } of [patient, impatient]) await seen("NodeWaitingEvent");
  const given = rejection(impatient.ended);
  await server.kill();
  const error = await given;
  expect(isSmithersError(error) && error.code).toBe("CONNECTION_FAILED");
  stop.abort();
  expect(await rejection(patient.ended)).toBe(stop.signal.reason);
});

test("an error of the first request is thrown at once", async () => {
  const server = await serve(folder());
  const { runs } = createClient({ url: server.url });
  expect(await rejection(Array.fromAsync(runs.events("nothing")))).toMatchObject({ code: "RUN_NOT_FOUND" });
  expect(await rejection(runs.wait("nothing"))).toMatchObject({ code: "RUN_NOT_FOUND" });
  await server.close();
  expect(await rejection(Array.fromAsync(runs.events("nothing")))).toMatchObject({ code: "CONNECTION_FAILED" });
  expect(await rejection(runs.wait("nothing"))).toMatchObject({ code: "CONNECTION_FAILED" });
});

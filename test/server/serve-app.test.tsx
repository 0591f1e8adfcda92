import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { join } from "node:path";
import { Hono } from "hono";
import { approvalDecisionSchema, createSmithers, runWorkflow, type ServeAppOptions } from "smithers-orchestrator";
import { z } from "zod";
import { readEventStream } from "../../src/client/event-stream.ts";
import type { SmithersEvent } from "../../src/model/index.ts";
import { openApiDocument } from "../../src/server/openapi.ts";
import { runMetricsRoute, runRoutes } from "../../src/server/serve-mode/run-routes.ts";
import { Client } from "../support/client.ts";
import { folder } from "../support/folder.ts";
import { recordedErrors } from "../support/log.ts";
import { Conformity, type OpenApiDocument } from "../support/openapi.ts";
import { parsePrometheus } from "../support/prometheus.ts";
import { database } from "../support/run.ts";
import { bunServe, drizzleDatabase, serveApp } from "../support/serve-app.ts";
import { serve } from "../support/server.ts";

const { smithers, outputs, Workflow, Task, Approval, Signal } = createSmithers({
  input: z.object({ version: z.string() }),
  build: z.object({ file: z.string() }),
  decision: approvalDecisionSchema,
  news: z.object({ url: z.string() }),
});

const release = smithers((ctx) => (
  <Workflow name="release">
    <Task id="build" output={outputs.build}>
      {() => ({ file: `release-${ctx.input.version}.tar` })}
    </Task>
    <Approval id="ship/it" output={outputs.decision} request={{ title: "Ship?" }} />
    {ctx.outputMaybe(outputs.decision, { nodeId: "ship/it" }) && <Signal id="news" schema={outputs.news} />}
  </Workflow>
));

const input = { version: "1.2" };
const runId = "release-1";

/** The events of a stream until one of this type. */
async function eventsUntil(response: Response, type: SmithersEvent["type"]): Promise<SmithersEvent[]> {
  const events: SmithersEvent[] = [];
  for await (const { data } of readEventStream(response.body!)) {
    events.push(JSON.parse(data));
    if (events.at(-1)!.type === type) return events;
  }
  throw new Error(`The stream ended before ${type} came.`);
}

/** The release's app, its run begun in this process, both on one database. */
async function waitingRelease(options: Partial<ServeAppOptions> = {}) {
  const db = options.db ?? database();
  const app = serveApp({ workflow: release, db, runId, ...options });
  const result = await runWorkflow(release, { db, runId, input });
  expect(result.status).toBe("waiting-approval");
  return { app, db };
}

test("a large output is read whole, also after a reader has left", async () => {
  const db = database();
  const app = serveApp({ workflow: release, db, runId });
  const url = bunServe(app);
  const version = "9".repeat(1_000_000);
  await runWorkflow(release, { db, runId, input: { version } });
  const reader = (await fetch(url)).body!.getReader();
  await reader.read();
  await reader.cancel();
  const { output } = (await (await fetch(url)).json()) as { output: { file: string } };
  expect(output.file === `release-${version}.tar`).toBe(true);
});

test("a run is followed, decided on and signalled over Bun's own server", async () => {
  const db = drizzleDatabase();
  const app = serveApp({ workflow: release, adapter: { db }, runId });
  const client = new Client(bunServe(app));

  expect((await client.get("/health")).body).toEqual({ ok: true });
  expect((await client.get("/")).body.error.code).toBe("RUN_NOT_FOUND");
  await runWorkflow(release, { db, runId, input });
  const waiting = await client.get("/");
  expect(waiting.headers.get("cache-control")).toBe("no-store");
  expect(waiting.body).toMatchObject({
    runId,
    workflowName: "release",
    status: "waiting-approval",
    output: { file: "release-1.2.tar" },
    runState: { blocked: { nodeId: "ship/it", unblock: "POST /approve/ship%2Fit or POST /deny/ship%2Fit" } },
  });

  const stream = await client.send("GET", "/events");
  expect(stream.headers.get("content-type")).toBe("text/event-stream");
  const following = eventsUntil(stream, "RunFinished");
  expect((await client.post("/approve/ship%2Fit", { decidedBy: "ada" })).body).toEqual({ runId });
  const signalled = await client.post("/signal/news", { data: { url: "https://example.org" } });
  expect(signalled.body).toMatchObject({ runId, signalName: "news" });
  const types = (await following).map(({ type }) => type);
  expect(types[0]).toBe("RunStarted");
  expect(types).toContain("ApprovalGranted");
  expect(types).toContain("SignalReceived");

  const { body: ended } = await client.get("/");
  expect([ended.status, ended.output]).toEqual(["finished", { url: "https://example.org" }]);
  expect((await client.get("/frames")).body.length).toBeGreaterThan(0);
  expect((await client.post("/cancel")).body.error.code).toBe("RUN_NOT_ACTIVE");
});

test("a decision reaches the engine that executes the run at once, over a connection that both share", async () => {
  const db = drizzleDatabase(":memory:");
  const began = performance.now();
  const app = serveApp({ workflow: release, db, runId });
  const waiting = await runWorkflow(release, { db, runId, input });
  expect(waiting.status).toBe("waiting-approval");
  const following = eventsUntil(await app.request("/events"), "NodeWaitingEvent");
  await app.request("/approve/ship%2Fit", { method: "POST" });
  await following;
  // The app looks by itself every five seconds.
  expect(performance.now() - began).toBeLessThan(4_500);
});

test("a decision that arrives while runWorkflow releases the run continues it", async () => {
  const db = drizzleDatabase();
  for (let moment = 0; moment < 20; moment += 2) {
    const runId = `release-${moment}`;
    const app = serveApp({ workflow: release, db, runId });
    let decided: Promise<unknown> | undefined;
    const decide = async () => {
      for (let tick = 0; tick < moment; tick += 1) await new Promise((resolve) => setImmediate(resolve));
      await app.request("/approve/ship%2Fit", { method: "POST" });
    };
    const onProgress = ({ type }: SmithersEvent) => {
      if (type === "NodeWaitingApproval") decided = decide();
    };
    await runWorkflow(release, { db, runId, input, onProgress });
    await decided;
    await eventsUntil(await app.request("/events"), "NodeWaitingEvent");
  }
});

test("a crashed run is left to the program that resumes it", async () => {
  const { app, db } = await waitingRelease();
  await app.close();
  const left = new Database(db as string);
  left.run("UPDATE _smithers_runs SET status = 'running', owner = 'elsewhere', heartbeat_at_ms = 0");
  left.close();
  const again = serveApp({ workflow: release, db, runId });
  // By now it has looked at the database for the first time.
  expect((await (await again.request("/")).json()).runState.state).toBe("stale");
  await new Promise((resolve) => setImmediate(resolve));
  const resumed = await runWorkflow(release, { db: db as string, runId, resume: true });
  expect(resumed.status).toBe("waiting-approval");
});

test("a running attempt is cancelled over HTTP, and the abort controller is aborted", async () => {
  const began = Promise.withResolvers<void>();
  const slow = smithers(() => (
    <Workflow name="slow">
      <Task id="wait" output={outputs.build}>
        {({ signal }) =>
          new Promise<{ file: string }>((_, reject) => {
            began.resolve();
            signal.addEventListener("abort", () => reject(signal.reason));
          })
        }
      </Task>
    </Workflow>
  ));
  const db = drizzleDatabase();
  const abort = new AbortController();
  const app = serveApp({ workflow: slow, db, runId, abort });
  const result = runWorkflow(slow, { db, runId, input, signal: abort.signal });
  await began.promise;
  expect(await (await app.request("/cancel", { method: "POST" })).json()).toEqual({ runId });
  expect((await result).status).toBe("cancelled");
  expect(abort.signal.aborted).toBe(true);
});

test("a function given as abort is called on cancel", async () => {
  let calls = 0;
  const { app } = await waitingRelease({ abort: () => void (calls += 1) });
  await app.request("/cancel", { method: "POST" });
  expect(calls).toBe(1);
});

test("every route but /health needs the token", async () => {
  const { app } = await waitingRelease({ authToken: "secret" });
  expect((await app.request("/health")).status).toBe(200);
  for (const path of ["/", "/events", "/frames", "/metrics", "/nothing"]) {
    expect([path, (await app.request(path)).status]).toEqual([path, 401]);
  }
  const response = await app.request("/", { headers: { "x-smithers-key": "secret" } });
  expect(response.status).toBe(200);
});

test("errors are those of the server: codes, Allow, bodies and names", async () => {
  const { app } = await waitingRelease({ maxBodyBytes: 100 });
  const errorOf = async (path: string, init?: RequestInit) => {
    const response = await app.request(path, init);
    const { error } = await response.json();
    return [response.status, error.code];
  };
  const post = (body: string) => ({ method: "POST", body });
  expect(await errorOf("/approve/other", post("{}"))).toEqual([404, "NODE_NOT_FOUND"]);
  expect(await errorOf("/deny/build", post("{}"))).toEqual([409, "NODE_NOT_WAITING"]);
  expect(await errorOf("/approve/ship%2Fit", post("{"))).toEqual([400, "INVALID_JSON"]);
  expect(await errorOf("/approve/ship%2Fit", post(`{"iteration":-1}`))).toEqual([400, "INVALID_REQUEST"]);
  expect(await errorOf("/approve/ship%2Fit", post(`{"note":"${"x".repeat(200)}"}`))).toEqual([
    413,
    "PAYLOAD_TOO_LARGE",
  ]);
  expect(await errorOf("/frames?limit=0")).toEqual([400, "INVALID_REQUEST"]);
  expect(await errorOf("/events?afterSeq=x")).toEqual([400, "INVALID_REQUEST"]);
  expect(await errorOf("/nothing")).toEqual([404, "NOT_FOUND"]);
  const wrongMethod = await app.request("/cancel");
  expect([wrongMethod.status, wrongMethod.headers.get("allow")]).toEqual([405, "OPTIONS, POST"]);
});

test("every answer fits the operation's schema", async () => {
  const { app } = await waitingRelease({ authToken: "secret" });
  const routes = [...runRoutes, runMetricsRoute];
  const conformity = new Conformity(openApiDocument(routes, { asksForToken: true }) as unknown as OpenApiDocument);
  const client = new Client(bunServe(app), "secret");
  const calls: [method: string, path: string, body?: unknown, headers?: Record<string, string>][] = [
    ["GET", "/health"],
    ["GET", "/"],
    ["GET", "/", undefined, { authorization: "Bearer wrong" }],
    ["GET", "/frames?limit=1"],
    ["GET", "/frames?limit=x"],
    ["GET", "/metrics"],
    ["POST", "/approve/nothing", {}],
    ["POST", "/deny/build", {}],
    ["POST", "/approve/ship%2Fit", { decidedBy: "ada" }],
    ["POST", "/signal/other", { data: 1 }],
    ["POST", "/signal/other", "{"],
    ["POST", "/cancel"],
    ["POST", "/cancel"],
    ["GET", "/events?afterSeq=-1"],
  ];
  for (const [method, path, body, headers] of calls) {
    const answer = await client.request(method, path, body, headers);
    expect([path, conformity.problems(method, path, answer)]).toEqual([path, []]);
  }
  const seen = [...conformity.seen].map((where) => where.replace(/ \d+$/, ""));
  expect([...new Set(seen)].sort()).toEqual(conformity.operations.sort());
});

test("mounted below a prefix of another app, it gives the same answers there and none elsewhere", async () => {
  const { app } = await waitingRelease();
  const routed = new Hono().route("/runs/release", app).get("/other", (c) => c.text("other"));
  const mounted = new Hono().mount("/runs/release", app.fetch);
  for (const parent of [routed, mounted]) {
    const at = (path: string, init?: RequestInit) => parent.request(`/runs/release${path}`, init);
    expect((await (await at("/frames?limit=1")).json()).length).toBe(1);
    expect((await at("")).status).toBe(200);
    const missing = await at("/nothing");
    expect([missing.status, (await missing.json()).error.code]).toEqual([404, "NOT_FOUND"]);
    const wrong = await at("/approve/ship%2Fit");
    expect([wrong.status, wrong.headers.get("allow")]).toEqual([405, "OPTIONS, POST"]);
  }
  expect(await (await routed.request("/other")).text()).toBe("other");
  const client = new Client(bunServe(routed));
  await client.post("/runs/release/approve/ship%2Fit");
  await eventsUntil(await client.send("GET", "/runs/release/events"), "NodeWaitingEvent");
  const path = "/runs/release/frames?limit=1&order=asc";
  const page = await client.get(path);
  const link = /^<(.*)>; rel="next"$/.exec(page.headers.get("link")!)![1]!;
  const next = new URL(link, client.url + path);
  const [first] = page.body;
  const [second] = (await client.get(next.pathname + next.search)).body;
  expect(second.frameNo).toBe(first.frameNo + 1);
});

test("the run counts in the metrics although another engine executes it", async () => {
  const { app } = await waitingRelease();
  const scrape = parsePrometheus(await (await app.request("/metrics")).text());
  expect(scrape.value("smithers_runs_started_total")).toBe(1);
  expect(scrape.value("smithers_runs_parked", { waits_for: "approval" })).toBe(1);
});

test("the app's log says each thing about a run once, also when another engine executes it", async () => {
  const said: string[] = [];
  const say = (_facts: object, message: string) => void said.push(message);
  const { app } = await waitingRelease({ logger: { debug: say, info: say, warn: say, error: say } });
  expect((await app.request("/approve/ship%2Fit", { method: "POST" })).status).toBe(200);
  await app.request("/signal/news", { method: "POST", body: '{"data":{"url":"u"}}' });
  await eventsUntil(await app.request("/events"), "RunFinished");
  await app.close();
  expect(said).toEqual(["run started", "run finished"]);
});

test("a workflow has no other name than its own", async () => {
  const { app } = await waitingRelease();
  const [started] = await eventsUntil(await app.request("/events"), "RunStarted");
  expect(started).not.toHaveProperty("workflowName");
  expect(await (await app.request("/")).json()).toMatchObject({ workflowName: "release" });
});

test("metrics: false removes /metrics", async () => {
  const { app } = await waitingRelease({ metrics: false });
  expect((await app.request("/metrics")).status).toBe(404);
});

test("an idle event stream stays open on a server that ends idle connections", async () => {
  const { app } = await waitingRelease();
  const client = new Client(bunServe(app, 1));
  const stream = await client.send("GET", "/events");
  const following = eventsUntil(stream, "RunFinished");
  // Longer than the server's own limit: what is awaited here is that nothing happens.
  await Bun.sleep(2_500);
  await client.post("/approve/ship%2Fit");
  await client.post("/signal/news", { data: { url: "x" } });
  expect((await following).at(-1)!.type).toBe("RunFinished");
});

test("closing ends the streams and leaves the run to be continued", async () => {
  const { app, db } = await waitingRelease();
  const stream = await app.request("/events");
  const text = stream.text();
  await app.close();
  expect(await text).toContain("NodeWaitingApproval");
  const again = serveApp({ workflow: release, db, runId });
  await again.request("/approve/ship%2Fit", { method: "POST" });
  await eventsUntil(await again.request("/events"), "NodeWaitingEvent");
});

test("a server in the same process and the app agree on a run of one database", async () => {
  const root = folder();
  const server = await serve(root);
  const app = serveApp({ workflow: release, db: `${root}/smithers.db`, runId });
  await runWorkflow(release, { db: `${root}/smithers.db`, runId, input });
  const theirs = (await server.get(`/v1/runs/${runId}`)).body;
  const ours = await (await app.request("/")).json();
  const plain = ({
    runState: {
      blocked: { unblock: _, ...blocked },
    },
    ...rest
  }: any) => ({ ...rest, blocked, runState: 0 });
  expect(plain(ours)).toEqual(plain(theirs));
});

test("an app whose database cannot be opened says so, in its log, by `opened` and in every answer", async () => {
  const root = folder({ "runs.db": "this is no database, but it is long enough to be looked at ".repeat(20) });
  const { logger, errors } = recordedErrors();
  const app = serveApp({ workflow: release, db: join(root, "runs.db"), runId, logger });
  const unusable = { code: "DB_NOT_A_DATABASE" };
  for (const path of ["/health", "/", "/events"]) {
    const answer = await app.request(path);
    expect([path, answer.status, await answer.json()]).toMatchObject([path, 503, { error: unusable }]);
  }
  await app.opened.then(
    () => expect.unreachable(),
    (error) => expect(error).toMatchObject(unusable),
  );
  expect(errors).toMatchObject([{ err: unusable }]);
  expect((await app.request("/nowhere")).status).toBe(404);
});

test("requests that come before the app's database is open wait for it", async () => {
  const db = database();
  const locked = new Database(db, { create: true });
  locked.run("BEGIN EXCLUSIVE");
  const app = serveApp({ workflow: release, db, runId });
  const answer = app.request("/health");
  locked.run("ROLLBACK");
  locked.close();
  expect((await answer).status).toBe(200);
  await app.opened;
});

test("invalid options are refused at once, with advice", () => {
  const db = database();
  const wrong: [Partial<ServeAppOptions>, RegExp][] = [
    [{ workflow: {} as never }, /workflow/],
    [{ runId: "a/b" }, /runId/],
    [{ authToken: "" }, /authToken/],
    [{ abort: 1 as never }, /abort/],
    [{ db: {} as never }, /db/],
    [{ rootDir: "/nowhere" }, /rootDir/],
  ];
  for (const [options, message] of wrong) {
    expect(() => serveApp({ workflow: release, db, runId, ...options })).toThrow(message);
  }
});

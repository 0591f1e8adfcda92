import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Collector } from "../support/collector.ts";
import { folder } from "../support/folder.ts";
import { projectDir } from "../support/packed.ts";
import { ServerProcess, withoutWorkers } from "../support/process.ts";
import { workflowFile } from "../support/workflows.ts";
import { scrapeOf } from "./exercise.ts";

const traced = workflowFile(
  `<Task id="work" output={outputs.result} retryPolicy={{ backoff: "fixed", initialDelayMs: 1 }}>
     {async (task) => {
       if (task.attempt === 1) throw new Error("not yet");
       await new Promise((resolve) => setTimeout(resolve, 5));
       trace.getTracer("mine").startSpan("query", { attributes: { mine: true } }).end();
       await note({});
       return { value: 1 };
     }}
   </Task>`,
  {
    head: `import { defineTool } from "smithers-orchestrator";
// A second copy of the API, as an app has one of its own.
import { trace } from "${projectDir}/node_modules/@opentelemetry/api/build/src/index.js";
const note = defineTool({ name: "note", description: "notes", schema: z.object({}), execute: async () => "noted" });`,
  },
);

const gated = workflowFile(`<Task id="gated" output={outputs.result}>
  {async () => { await fileAt(ctx.input.gate); return { value: 1 }; }}
</Task>`);

const caller = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" };
const traceparent = `00-${caller.traceId}-${caller.spanId}-01`;

function enabled(url: string): Record<string, string> {
  return { SMITHERS_OTEL_ENABLED: "1", OTEL_EXPORTER_OTLP_ENDPOINT: url };
}

async function start(server: ServerProcess, path: string, input: unknown, header: string): Promise<string> {
  const { body } = await server.post("/v1/runs", { workflowPath: path, input }, { traceparent: header });
  return body.runId;
}

test("spans, and the same metrics as at /metrics, reach a collector before the server has closed", async () => {
  const collector = await Collector.start();
  const server = await ServerProcess.start(folder({ "traced.tsx": traced }), {
    ...enabled(collector.url),
    OTEL_SERVICE_NAME: "orders",
    OTEL_EXPORTER_OTLP_HEADERS: "x-tenant=blue",
  });
  const runId = await start(server, "traced.tsx", {}, traceparent);
  expect((await server.end(runId)).status).toBe("finished");
  const scraped = await scrapeOf(server);
  await server.stop("SIGTERM");

  expect(new Set(collector.headers.map((headers) => headers["x-tenant"]))).toEqual(new Set(["blue"]));
  const same: [pushed: string, scraped: string, labels: Record<string, string>][] = [
    ["smithers_runs_ended_total", "smithers_runs_ended_total", { workflow: "test", status: "finished" }],
    ["smithers_attempt_duration_seconds", "smithers_attempt_duration_seconds_count", { outcome: "finished" }],
    ["smithers_frames_committed_total", "smithers_frames_committed_total", {}],
  ];
  for (const [pushed, scrapedName, labels] of same) {
    expect([pushed, collector.value(pushed, labels)]).toEqual([pushed, scraped.value(scrapedName, labels)]);
    expect(collector.value(pushed, labels)).toBeGreaterThan(0);
  }

  const [run] = collector.find({ "smithers.run.status": "finished" });
  expect(run).toMatchObject({
    name: "run test",
    traceId: caller.traceId,
    parentSpanId: caller.spanId,
    service: "orders",
  });
  expect(run!.attributes).toMatchObject({ "smithers.run.id": runId, "smithers.workflow.name": "test" });
  const [failed] = collector.find({ "smithers.attempt": 1 });
  const [finished] = collector.find({ "smithers.attempt": 2 });
  expect(failed).toMatchObject({ name: "attempt work", failed: true, attributes: { "error.type": "TASK_FAILED" } });
  expect(finished).toMatchObject({ failed: false, attributes: { "smithers.attempt.outcome": "finished" } });
  const [tool] = collector.find({ "smithers.tool.name": "note" });
  const [own] = collector.find({ mine: true });
  const parents = [failed, finished, tool, own].map((span) => span?.parentSpanId);
  expect(parents).toEqual([run!.spanId, run!.spanId, finished!.spanId, finished!.spanId]);
  expect(collector.spans).toHaveLength(5);
  for (const span of collector.spans) {
    expect(span.traceId).toBe(caller.traceId);
    expect(span.startMs).toBeGreaterThanOrEqual(run!.startMs);
    expect(span.endMs).toBeGreaterThanOrEqual(span.startMs);
    expect(span.endMs).toBeLessThanOrEqual(run!.endMs);
  }
});

test("a run that is continued after a crash continues the same trace", async () => {
  const collector = await Collector.start();
  const root = folder({ "gated.tsx": gated });
  const gate = join(root, "gate");
  const env = { ...enabled(collector.url), ...withoutWorkers };
  const first = await ServerProcess.start(root, env);
  const called = await start(first, "gated.tsx", { gate }, traceparent);
  const uncalled = await start(first, "gated.tsx", { gate }, "no trace context");
  for (const runId of [called, uncalled]) await first.until(runId, ({ type }) => type === "NodeStarted");
  await first.kill();

  writeFileSync(gate, "");
  const second = await ServerProcess.start(root, env);
  for (const runId of [called, uncalled]) expect((await second.end(runId)).status).toBe("finished");
  await second.stop("SIGTERM");
  for (const runId of [called, uncalled]) {
    const spans = collector.find({ "smithers.run.id": runId });
    const [run, ...others] = spans.filter(({ name }) => name === "run test");
    expect(others).toEqual([]);
    const attempts = spans.filter(({ name }) => name === "attempt gated");
    expect(attempts.map(({ attributes }) => attributes["smithers.attempt.outcome"])).toEqual(["lost", "finished"]);
    expect(attempts.map(({ parentSpanId }) => parentSpanId)).toEqual([run!.spanId, run!.spanId]);
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
    expect(attempts[0]!.startMs).toBeLessThanOrEqual(attempts[1]!.startMs);
    if (runId === called) expect(run).toMatchObject({ traceId: caller.traceId, parentSpanId: caller.spanId });
    else expect(run!.parentSpanId).toBeUndefined();
  }
  expect(new Set(collector.spans.map(({ spanId }) => spanId)).size).toBe(collector.spans.length);
});

test("a failed run that is resumed has a span for each time, in one trace", async () => {
  const collector = await Collector.start();
  const root = folder({
    "once.tsx": workflowFile(`<Task id="once" output={outputs.result} noRetry>
      {() => { if (!existsSync(ctx.input.gate)) throw new Error("closed"); return { value: 1 }; }}
    </Task>`),
  });
  const gate = join(root, "gate");
  const server = await ServerProcess.start(root, { ...enabled(collector.url), ...withoutWorkers });
  const runId = await start(server, "once.tsx", { gate }, traceparent);
  expect((await server.end(runId)).status).toBe("failed");
  writeFileSync(gate, "");
  await server.runs.resume(runId);
  expect((await server.end(runId)).status).toBe("finished");
  await server.stop("SIGTERM");
  const runs = collector.spans.filter(({ name }) => name === "run test");
  expect(runs.map(({ failed, attributes }) => [failed, attributes["smithers.run.status"]])).toEqual([
    [true, "failed"],
    [false, "finished"],
  ]);
  expect(collector.find({ "smithers.attempt": 2 })[0]!.parentSpanId).toBe(runs[1]!.spanId);
  expect(new Set(collector.spans.map(({ traceId }) => traceId))).toEqual(new Set([caller.traceId]));
});

test("nothing is exported unless it is enabled, and an unreachable collector delays nothing", async () => {
  const collector = await Collector.start();
  const root = folder({ "traced.tsx": traced });
  const off = await ServerProcess.start(root, { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, ...withoutWorkers });
  await off.complete("traced.tsx");
  await off.stop("SIGTERM");
  expect(collector.headers).toEqual([]);

  const away = await ServerProcess.start(root, {
    ...enabled("http://127.0.0.1:9"),
    ...withoutWorkers,
    OTEL_EXPORTER_OTLP_TIMEOUT: "500",
  });
  expect((await away.complete("traced.tsx")).status).toBe("finished");
  expect((await scrapeOf(away)).value("smithers_runs_ended_total")).toBe(1);
  await away.stop("SIGTERM");
});

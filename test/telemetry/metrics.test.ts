import { expect, spyOn, test } from "bun:test";
import { SqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { catalogue, labels, type Metric, prometheusType } from "../../src/telemetry/index.ts";
import { afterThisTest, forAllTests } from "../support/cleanup.ts";
import { eventually } from "../support/eventually.ts";
import { folder } from "../support/folder.ts";
import { serve, serveWithoutWorkers } from "../support/server.ts";
import { Wire } from "../support/wire.ts";
import { workflowFile } from "../support/workflows.ts";
import { exercise, scrapeOf } from "./exercise.ts";

const waiting = workflowFile(`<Approval id="ask" output={outputs.decision} request={{ title: "Go on?" }} />`, {
  schemas: "decision: approvalDecisionSchema",
});

/** A server whose runs have ended. Only requests that no test counts may follow. */
const exercised = forAllTests(exercise);

test("runs are counted by workflow, kind and outcome", async () => {
  const { scrape } = exercised();
  const { value } = bound(await scrape());
  const everything = { workflow: "everything" };

  expect(value("smithers_runs_started_total", everything)).toBe(3);
  expect(value("smithers_runs_started_total", { workflow: "broken" })).toBe(1);
  expect(value("smithers_runs_ended_total", { ...everything, status: "finished" })).toBe(1);
  expect(value("smithers_runs_ended_total", { ...everything, status: "cancelled" })).toBe(1);
  expect(value("smithers_runs_ended_total", { status: "failed" })).toBe(2);
  expect(value("smithers_run_duration_seconds_count", { status: "failed" })).toBe(2);
  expect(value("smithers_runs_active")).toBe(0);

  expect(value("smithers_nodes_ended_total", { ...everything, kind: "static", state: "finished" })).toBe(3);
  expect(value("smithers_nodes_ended_total", { kind: "approval", state: "finished" })).toBe(1);
  expect(value("smithers_nodes_ended_total", { kind: "approval", state: "failed" })).toBe(1);
  expect(value("smithers_nodes_ended_total", { kind: "event", state: "cancelled" })).toBe(1);
  expect(value("smithers_node_retries_total", everything)).toBe(3);
  expect(value("smithers_attempts_started_total", { ...everything, kind: "compute" })).toBe(9);
  expect(value("smithers_attempts_ended_total", { ...everything, outcome: "finished" })).toBe(6);
  expect(value("smithers_attempts_ended_total", { ...everything, outcome: "failed" })).toBe(3);
  expect(value("smithers_attempts_ended_total", { workflow: "broken", outcome: "failed" })).toBe(1);
  expect(value("smithers_attempt_duration_seconds_count", everything)).toBe(9);

  expect(value("smithers_approvals_requested_total")).toBe(2);
  expect(value("smithers_approvals_decided_total", { decision: "granted" })).toBe(1);
  expect(value("smithers_approvals_decided_total", { decision: "denied" })).toBe(1);
  expect(value("smithers_approval_decision_seconds_count")).toBe(2);
  expect(value("smithers_approvals_pending")).toBe(0);
  expect(value("smithers_signals_received_total")).toBe(2);
  expect(value("smithers_signals_consumed_total")).toBe(2);
  expect(value("smithers_timers_created_total")).toBe(3);
  expect(value("smithers_timers_fired_total")).toBe(3);
  expect(value("smithers_timer_delay_seconds_count")).toBe(3);
  expect(value("smithers_tool_calls_total", { tool: "note", outcome: "finished" })).toBe(3);
  expect(value("smithers_tool_call_duration_seconds_count", { tool: "note" })).toBe(3);
});

test("the server's own work is measured: events, requests by route, transactions, the process", async () => {
  const { server, scrape } = exercised();
  await server.get("/nowhere/at/all");
  const { value, labelValues } = bound(await scrape());
  const events = value("smithers_events_committed_total")!;
  expect(value("smithers_events_committed_total", { type: "RunStarted" })).toBe(4);
  expect(value("smithers_events_committed_total", { type: "ApprovalGranted" })).toBe(1);
  expect(value("smithers_frames_committed_total")).toBeGreaterThanOrEqual(4);
  expect(value("smithers_event_streams_open")).toBe(0);
  expect(value("smithers_event_stream_events_total")).toBeGreaterThanOrEqual(events);

  expect(value("smithers_http_requests_total", { route: "/v1/runs", method: "POST", code: "200" })).toBe(4);
  expect(value("smithers_http_requests_total", { route: "unmatched", code: "404" })).toBe(1);
  expect(labelValues("smithers_http_requests_total", "route")).not.toContain("/nowhere/at/all");
  expect(
    value("smithers_http_request_duration_seconds_count", { route: "/v1/runs/:runId/nodes/:nodeId/approve" }),
  ).toBe(1);

  const transactions = value("smithers_store_transaction_duration_seconds_count")!;
  expect(transactions).toBeGreaterThan(5);
  expect(value("smithers_store_transaction_writes_sum")).toBeGreaterThanOrEqual(transactions);
  expect(value("smithers_turn_duration_seconds_count", { phase: "commit" })).toBeGreaterThan(10);
  expect(value("smithers_turn_duration_seconds_count", { phase: "render" })).toBeGreaterThanOrEqual(4);
  expect(value("smithers_store_size_bytes")).toBeGreaterThan(0);
  expect(value("smithers_process_resident_memory_bytes")).toBeGreaterThan(1e6);
  expect(value("smithers_process_cpu_seconds_total")).toBeGreaterThan(0);
});

test("an event stream counts as open while it has a reader", async () => {
  const server = await serveWithoutWorkers(folder({ "waiting.tsx": waiting }));
  const runId = await server.start("waiting.tsx");
  const events = server.events(runId);
  await events.next();
  expect((await scrapeOf(server)).value("smithers_event_streams_open")).toBe(1);
  await events.return(undefined);
  await eventually(async () => (await scrapeOf(server)).value("smithers_event_streams_open") === 0);
});

test("gauges of waiting work are read from the database, and correct after a restart", async () => {
  const root = folder({ "waiting.tsx": waiting });
  const first = await serveWithoutWorkers(root);
  for (let n = 0; n < 3; n++)
    await first.until(await first.start("waiting.tsx"), ({ type }) => type === "ApprovalRequested");
  await first.close();
  const again = await serveWithoutWorkers(root);
  const scrape = await scrapeOf(again);
  expect(scrape.value("smithers_runs_parked", { waits_for: "approval" })).toBe(3);
  expect(scrape.value("smithers_runs_parked", { waits_for: "timer" })).toBe(0);
  expect(scrape.value("smithers_approvals_pending")).toBe(3);
  expect(scrape.value("smithers_approval_oldest_pending_seconds")).toBeGreaterThan(0);
  expect(scrape.value("smithers_runs_started_total")).toBeUndefined();
});

test("names that authors choose cannot make a metric grow without bound", async () => {
  const named = workflowFile(`<Task id={"node-" + ctx.input.n} output={outputs.result}>{{ value: 1 }}</Task>`);
  const server = await serve(folder({ "named.tsx": named.replace('name="test"', "name={'workflow-' + ctx.input.n}") }));
  const runs = Array.from({ length: 105 }, (_, n) => server.complete("named.tsx", { n }, { runId: `run-${n}` }));
  await Promise.all(runs);
  const { body } = await server.get("/metrics");
  const scrape = await scrapeOf(server);
  expect(scrape.labelValues("smithers_runs_ended_total", "workflow")).toHaveLength(101);
  expect(scrape.value("smithers_runs_ended_total", { workflow: "other" })).toBe(5);
  expect(body).not.toMatch(/run-\d|node-\d/);
});

test("every metric of the catalogue is exposed with its type and with no other labels", async () => {
  const { scrapeAll } = await exercise();
  const scraped = await scrapeAll();
  const declared = Object.entries<Metric>(catalogue).map(([name, { kind }]) => [name, prometheusType(kind)]);
  expect(Object.fromEntries(scraped.types)).toEqual(Object.fromEntries(declared));
  for (const { name, labels: given } of scraped.samples) {
    const metric =
      (catalogue as Record<string, Metric>)[name.replace(/_(bucket|sum|count)$/, "")] ?? (catalogue as any)[name];
    expect([name, ...Object.keys(given).filter((label) => label !== "le")].sort()).toEqual(
      [name, ...metric.labels].sort(),
    );
    for (const [label, value] of Object.entries(given)) {
      const known: readonly string[] | undefined = (labels as any)[label]?.values;
      if (known) expect(known).toContain(value);
    }
  }
});

test("/metrics is in the Prometheus text format, and needs the token", async () => {
  const server = await serveWithoutWorkers(folder(), { authToken: "let-me-in" });
  const { status, headers } = await server.get("/metrics");
  expect([status, headers.get("content-type")]).toEqual([200, "text/plain; version=0.0.4"]);
  expect((await new Wire(server.url).get("/metrics")).status).toBe(401);
});

test("/metrics answers while the database does not", async () => {
  const server = await serveWithoutWorkers(folder({ "waiting.tsx": waiting }));
  const broken = spyOn(SqliteStore.prototype, "readBacklog").mockRejectedValue(new Error("no disk"));
  afterThisTest(() => broken.mockRestore());
  const scrape = await scrapeOf(server);
  expect(scrape.value("smithers_runs_active")).toBe(0);
  expect(scrape.value("smithers_approvals_pending")).toBeUndefined();
});

/** So that they can be called by themselves. */
function bound(scrape: Awaited<ReturnType<typeof scrapeOf>>) {
  return {
    value: (name: string, labels?: Record<string, string>) => scrape.value(name, labels),
    labelValues: (name: string, label: string) => scrape.labelValues(name, label),
  };
}

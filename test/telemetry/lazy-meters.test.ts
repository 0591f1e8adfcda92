import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { LazyMeters } from "../../src/telemetry/lazy-meters.ts";
import { Meters } from "../../src/telemetry/meters.ts";
import { afterThisTest } from "../support/cleanup.ts";
import { testedModule } from "../support/tested-code.ts";

function lazyMeters(): LazyMeters {
  const meters = new LazyMeters(() => new Meters(), false);
  afterThisTest(() => meters.made?.shutdown());
  return meters;
}

test("what was measured before the metrics are read is in them", async () => {
  const meters = lazyMeters();
  for (const type of ["RunStarted", "RunStarted", "RunFinished"]) {
    meters.recorders.smithers_events_committed_total.add(1, { type });
  }
  meters.recorders.smithers_store_transaction_writes.record(7);
  meters.observe(({ meter, instruments }) => {
    const gauge = instruments.smithers_runs_active;
    meter.addBatchObservableCallback((result) => result.observe(gauge, 5), [gauge]);
  });
  expect(meters.made).toBeUndefined();
  const text = await meters.get().text();
  expect(text).toContain('smithers_events_committed_total{type="RunStarted"} 2\n');
  expect(text).toContain('smithers_events_committed_total{type="RunFinished"} 1\n');
  expect(text).toContain("smithers_store_transaction_writes_sum 7\n");
  expect(text).toContain("smithers_runs_active 5\n");
});

test("what is measured between two readings is added up, for each set of labels", async () => {
  const meters = lazyMeters();
  const { smithers_runs_ended_total: ended, smithers_workers: workers } = meters.recorders;
  const text = async () =>
    (await meters.get().text()).split("\n").filter((line) => /^smithers_(runs_end|workers )/.test(line));
  const wave = () => {
    for (const workflow of ["a", "b", "a"]) ended.add(1, { workflow, status: "finished" });
    ended.add(1, { workflow: "a", status: "failed" });
    workers.add(2);
    workers.add(-1);
  };
  wave();
  await text();
  wave();
  expect(await text()).toEqual([
    'smithers_runs_ended_total{workflow="a",status="finished"} 4',
    'smithers_runs_ended_total{workflow="b",status="finished"} 2',
    'smithers_runs_ended_total{workflow="a",status="failed"} 2',
    "smithers_workers 2",
  ]);
});

test("measurements that nobody reads do not pile up", async () => {
  const meters = lazyMeters();
  let measured = 0;
  for (; meters.made === undefined && measured < 10_000; measured += 1) {
    meters.recorders.smithers_workers_started_total.add(1);
  }
  expect(measured).toBe(1_000);
  expect(await meters.get().text()).toContain("smithers_workers_started_total 1000\n");
});

test("a server loads OpenTelemetry when its metrics are read, and not at its start", () => {
  const code = `
    const { startServer } = await import(${JSON.stringify(testedModule("index"))});
    const isLoaded = () => Object.keys(require.cache).some((file) => file.includes("@opentelemetry"));
    const server = startServer({ port: 0, db: ":memory:", logLevel: "silent", isolation: "none" });
    await new Promise((resolve) => server.once("listening", resolve));
    const url = "http://127.0.0.1:" + server.address().port;
    await fetch(url + "/v1/runs");
    const before = isLoaded();
    await fetch(url + "/metrics");
    console.log(before, isLoaded());
    server.close();`;
  const { stdout } = spawnSync(process.execPath, ["-e", code], { encoding: "utf8" });
  expect(stdout).toBe("false true\n");
});

import { afterEach, expect, jest, spyOn, test } from "bun:test";
import { SqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { folder } from "../support/folder.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";
import { workflowFile } from "../support/workflows.ts";

afterEach(() => void jest.restoreAllMocks());

const waits = workflowFile(
  `<Sequence><Task id="a" output={outputs.result}>{{ value: 1 }}</Task><Signal id="s" schema={outputs.result} /></Sequence>`,
);

/** The methods that read a run's row, with what belongs to it. */
const reading = [
  "findRun",
  "listRuns",
  "readRuns",
  "readRunDetail",
  "readOutcome",
  "readNodes",
  "readNode",
  "readFrames",
  "loadRun",
] as const;

const shown: [string, (typeof reading)[number]][] = [
  ["", "readRunDetail"],
  ["/nodes", "readNodes"],
  ["/nodes/a", "readNode"],
  ["/frames", "readFrames"],
];

// What a request shows is of one moment, and costs one look into the database.
test.each(shown)("GET /v1/runs/:runId%s reads the run once", async (path, method) => {
  const server = await serve(folder({ "waits.tsx": waits }));
  const runId = await server.start("waits.tsx");
  await server.until(runId, ({ type }) => type === "NodeWaitingEvent");
  const called: string[] = [];
  for (const name of reading) {
    const original = SqliteStore.prototype[name];
    spyOn(SqliteStore.prototype, name as "findRun").mockImplementation(function (this: SqliteStore, ...args) {
      called.push(name);
      return (original as typeof this.findRun).apply(this, args);
    });
  }
  expect((await server.get(`/v1/runs/${runId}${path}`)).status).toBe(200);
  expect(called).toEqual([method]);
  called.length = 0;
  expect((await server.get("/v1/runs")).status).toBe(200);
  expect(called).toEqual(["listRuns"]);
});

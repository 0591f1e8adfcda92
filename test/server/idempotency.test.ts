import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { join } from "node:path";
import { folder, write } from "../support/folder.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";
import { echo } from "../support/workflows.ts";

const key = { "Idempotency-Key": "order-17" };
const body = { workflowPath: "echo.tsx", input: { msg: "hi" } };

test("the same key and body give the same run, also concurrently, after a restart and without the workflow file", async () => {
  const root = folder({ "echo.tsx": echo });
  const server = await serve(root);
  const answers = await Promise.all(Array.from({ length: 10 }, () => server.post("/v1/runs", body, key)));
  const runIds = new Set(answers.map(({ body }) => body.runId));
  expect(runIds.size).toBe(1);
  await server.end([...runIds][0]);
  await server.close();
  write(root, { "echo.tsx": "broken(" });
  const again = await serve(root);
  expect((await again.post("/v1/runs", body, key)).body).toEqual({ runId: [...runIds][0] });
  expect(await again.allRuns()).toHaveLength(1);
});

test("a key is forgotten after a day", async () => {
  const root = folder({ "echo.tsx": echo });
  const server = await serve(root);
  const { runId } = (await server.post("/v1/runs", body, key)).body;
  await server.end(runId);
  const database = new Database(join(root, "smithers.db"));
  database.run("UPDATE _smithers_idempotency SET created_at_ms = created_at_ms - 86400001");
  database.close();
  expect((await server.post("/v1/runs", body, key)).body.runId).not.toBe(runId);
});

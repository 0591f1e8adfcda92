import { expect, test } from "bun:test";
import { nextMillisecond } from "../support/eventually.ts";
import { folder } from "../support/folder.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";
import { echo, workflowFile } from "../support/workflows.ts";

const _waiting = workflowFile(`<WaitForEvent id="w" event="go" output={outputs.result} />`);
const _other = echo.replace('name="test"', 'name="other"');
type Listed = { runId: string; workflowName: string; status: string };

const ids = (body: Listed[]) => body.map(({ runId }) => runId);

test("without runs the list is an empty array", async () => {
  const { headers, body } = await (await serve(folder())).get("/v1/runs");
  expect(body).toEqual([]);
  expect(headers.get("link")).toBeNull();
});

test("a page that is exactly full has no next page", async () => {
  const server = await serve(folder({ "echo.tsx": echo }));
  for (let n = 0; n < 3; n += 1) await server.complete("echo.tsx");
  const { headers, body } = await server.get("/v1/runs?limit=3");
  expect(body.length).toBe(3);
  expect(headers.get("link")).toBeNull();
});

test("a run that starts between two pages does not shift the next page", async () => {
  const server = await serve(folder({ "echo.tsx": echo }));
  for (const runId of ["a", "b", "c"]) {
    await server.complete("echo.tsx", {}, { runId });
    await nextMillisecond();
  }
  const { headers, body } = await server.get("/v1/runs?limit=2");
  expect(ids(body)).toEqual(["c", "b"]);
  await server.complete("echo.tsx", {}, { runId: "d" });
  const next = /<(.+)>/.exec(headers.get("link")!)![1]!;
  expect(ids((await server.get(next)).body)).toEqual(["a"]);
});

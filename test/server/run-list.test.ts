import { expect, test } from "bun:test";
import { nextMillisecond } from "../support/eventually.ts";
import { folder } from "../support/folder.ts";
import { serve } from "../support/server.ts";
import { echo, workflowFile } from "../support/workflows.ts";

const waiting = workflowFile(`<WaitForEvent id="w" event="go" output={outputs.result} />`);
const other = echo.replace('name="test"', 'name="other"');
type Listed = { runId: string; workflowName: string; status: string };

const ids = (body: Listed[]) => body.map(({ runId }) => runId);

test("an empty list is a list", async () => {
  const { headers, body } = await (await serve(folder())).get("/v1/runs");
  expect(body).toEqual([]);
  expect(headers.get("link")).toBeNull();
});

test("status and workflow narrow the list, alone and together", async () => {
  const server = await serve(folder({ "echo.tsx": echo, "other.tsx": other, "wait.tsx": waiting }));
  await server.complete("echo.tsx", {}, { runId: "e" });
  await server.complete("other.tsx", {}, { runId: "o" });
  await server.start("wait.tsx", {}, { runId: "w" });
  await server.until("w", ({ type }) => type === "NodeWaitingEvent");
  const listed = async (query: string) => ids((await server.get(`/v1/runs?${query}`)).body);
  expect(await listed("status=waiting-event")).toEqual(["w"]);
  expect(await listed("status=failed")).toEqual([]);
  expect(await listed("workflow=other")).toEqual(["o"]);
  expect(await listed("workflow=none")).toEqual([]);
  expect(await listed("status=finished&workflow=test")).toEqual(["e"]);
});

test("the Link header leads through all runs, each once", async () => {
  const server = await serve(folder({ "echo.tsx": echo, "other.tsx": other }));
  const started = await Promise.all(Array.from({ length: 13 }, () => server.complete("echo.tsx")));
  await server.complete("other.tsx");
  const seen: string[] = [];
  let pages = 0;
  for (let path = "/v1/runs?limit=4&workflow=test&status=finished"; path !== ""; ) {
    const { headers, body } = await server.get(path);
    seen.push(...ids(body));
    pages += 1;
    const link = headers.get("link");
    path = link === null ? "" : /^<(.+)>; rel="next"$/.exec(link)![1]!;
  }
  expect(pages).toBe(4);
  expect(seen.length).toBe(13);
  expect(new Set(seen)).toEqual(new Set(started.map(({ runId }) => runId)));
});

test("a page that is exactly full has no next one", async () => {
  const server = await serve(folder({ "echo.tsx": echo }));
  for (let n = 0; n < 3; n += 1) await server.complete("echo.tsx");
  const { headers, body } = await server.get("/v1/runs?limit=3");
  expect(body.length).toBe(3);
  expect(headers.get("link")).toBeNull();
});

test("a run that comes between two pages shifts nothing", async () => {
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

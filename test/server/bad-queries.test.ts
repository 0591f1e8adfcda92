import { expect, test } from "bun:test";
import { folder } from "../support/folder.ts";
import { serve } from "../support/server.ts";
import { echo } from "../support/workflows.ts";

const paths: [string, string][] = [
  ["/v1/runs?limit=0", "limit"],
  ["/v1/runs?limit=-1", "limit"],
  ["/v1/runs?limit=1.5", "limit"],
  ["/v1/runs?limit=many", "limit"],
  ["/v1/runs?limit=", "limit"],
  ["/v1/runs?limit=1001", "limit"],
  ["/v1/runs?status=done", "status"],
  ["/v1/runs?status=", "status"],
  ["/v1/runs?workflow=", "workflow"],
  ["/v1/runs?cursor=nonsense", "cursor"],
  ["/v1/runs?cursor=", "cursor"],
  ["/v1/approvals?limit=-1", "limit"],
  ["/approvals?limit=x", "limit"],
  ["/v1/approvals?cursor=nonsense", "cursor"],
  ["/v1/runs?limit=0x10", "limit"],
  ["/v1/runs?limit=%201", "limit"],
  ["/v1/runs/r/events?afterSeq=", "afterSeq"],
  ["/v1/runs/r/frames?limit=0", "limit"],
  ["/v1/runs/r/frames?limit=1001", "limit"],
  ["/v1/runs/r/frames?afterFrameNo=-1", "afterFrameNo"],
  ["/v1/runs/r/frames?afterFrameNo=one", "afterFrameNo"],
  ["/v1/runs/r/events?afterSeq=-1", "afterSeq"],
  ["/v1/runs/r/events?afterSeq=1.5", "afterSeq"],
  ["/v1/runs/r/events?afterSeq=first", "afterSeq"],
  ["/v1/runs/r/events?afterSeq=1e99", "afterSeq"],
];

test.each(paths)("GET %s is 400", async (path, field) => {
  const server = await serve(folder({ "echo.tsx": echo }));
  await server.complete("echo.tsx", {}, { runId: "r" });
  const { status, body } = await server.get(path);
  expect([status, body.error.code, body.error.details.field]).toEqual([400, "INVALID_REQUEST", field]);
});

test("a malformed Last-Event-ID is 400", async () => {
  const server = await serve(folder({ "echo.tsx": echo }));
  await server.complete("echo.tsx", {}, { runId: "r" });
  const { status, body } = await server.get("/v1/runs/r/events", { "last-event-id": "abc" });
  expect([status, body.error.code]).toEqual([400, "INVALID_REQUEST"]);
});

test("listings need the db option", async () => {
  const server = await serve(folder({ "echo.tsx": echo }), { withoutDb: true });
  const { runId } = await server.complete("echo.tsx", { msg: 1 });
  for (const path of ["/v1/runs", "/v1/approvals", "/v1/approval/list", "/approval/list", "/approvals"]) {
    const { status, body } = await server.get(path);
    expect([path, status, body.error.code]).toEqual([path, 400, "DB_NOT_CONFIGURED"]);
  }
  expect(await server.run(runId)).toMatchObject({ status: "finished", output: { value: 1 } });
});

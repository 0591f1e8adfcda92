import { expect, test } from "bun:test";
import { send } from "../support/exact-request.ts";
import { folder } from "../support/folder.ts";
import { loaderOf } from "../support/loader.ts";
import { bunServe, drizzleDatabase, serveApp } from "../support/serve-app.ts";
import { workflowFile } from "../support/workflows.ts";

const foreign = { Origin: "https://evil.example" };
const gate = workflowFile(`<Approval id="ship" output={outputs.result} request={{ title: "Ship?" }} />`, {
  schemas: "result: approvalDecisionSchema",
});
const workflow = async () => (await loaderOf(folder({ "gate.tsx": gate })).load("gate.tsx")).workflow;

test("an app for one run refuses pages from elsewhere", async () => {
  const db = drizzleDatabase();
  const url = bunServe(serveApp({ workflow: await workflow(), db, runId: "guarded" }));
  for (const path of ["/cancel", "/approve/ship", "/deny/ship", "/signal/go"]) {
    const { status } = await send(url, path, { method: "POST", headers: foreign });
    expect([path, status]).toEqual([path, 403]);
  }
  expect((await send(url, "/", { headers: { Host: "evil.example" } })).status).toBe(403);
  expect((await send(url, "/health", { headers: foreign })).status).toBe(200);
  expect((await send(url, "/")).status).toBe(404);
});

test("an app for one run takes the options of the browser guard", async () => {
  const db = drizzleDatabase();
  const app = serveApp({ workflow: await workflow(), db, runId: "guarded", allowedOrigins: [foreign.Origin] });
  expect((await send(bunServe(app), "/", { headers: foreign })).status).toBe(404);
  const open = serveApp({ workflow: await workflow(), db, runId: "guarded", insecure: true });
  expect((await send(bunServe(open), "/", { headers: { Host: "evil.example" } })).status).toBe(404);
});

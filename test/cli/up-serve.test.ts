import { expect, test } from "bun:test";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterThisTest } from "../support/cleanup.ts";
import { type Command, smithers, smithersJson, startSmithers } from "../support/cli.ts";
import { Client } from "../support/client.ts";
import { folder, write } from "../support/folder.ts";
import { Wire } from "../support/wire.ts";
import { workflowFile } from "../support/workflows.ts";

const schemas = "decision: approvalDecisionSchema, result: z.object({ value: z.any() })";
const release = workflowFile(
  `<Task id="build" output={outputs.result}>{() => ({ value: ctx.input.version })}</Task>
   <Approval id="ship" output={outputs.decision} request={{ title: "Ship it?" }} />
   <Task id="after" output={outputs.result}>{() => ({ value: "shipped" })}</Task>`,
  { schemas },
);

const urlOf = (run: Command) => /Serving the run \S+ at (\S+)/.exec(run.printed.err)![1]!;

async function served(root: string, ...args: string[]): Promise<{ run: Command; client: Client }> {
  const run = startSmithers(["up", "release.tsx", "--serve", "--port", "0", "--run-id", "r1", ...args], { cwd: root });
  await run.saysBeside(/Serving the run/);
  return { run, client: new Client(urlOf(run)) };
}

test("a served run continues at once after a decision over HTTP, and is served until Ctrl+C", async () => {
  const root = folder({ "release.tsx": release });
  const { run, client } = await served(root, "--input", `{"version":"1.2"}`);
  await run.saysBeside(/"ship" is waiting for a decision: "Ship it\?"\.\n {2}\$ smithers approve r1 ship/);
  expect((await client.get("/")).body).toMatchObject({ runId: "r1", status: "waiting-approval" });
  expect((await client.post("/approve/ship")).status).toBe(200);
  await run.saysBeside(/The run r1 has finished in .* It is served until Ctrl\+C\./);
  expect(run.printed.err).not.toMatch(/not continued|resume|being executed/);
  expect((await client.get("/")).body).toMatchObject({ status: "finished", output: { value: "shipped" } });
  expect((await client.get("/metrics")).body).toContain("smithers_runs_started_total");
  run.child.kill("SIGINT");
  expect(await run.ended).toMatchObject({ code: 0, out: '{\n  "value": "shipped"\n}\n' });
});

test("of a served run only what it waits for now is printed, after each decision and signal, also of another process", async () => {
  const tree = `<Approval id="ship" output={outputs.decision} request={{ title: "Ship it?" }} />
    <WaitForEvent id="announce" event="announced" output={outputs.result} />
    <Approval id="close" output={outputs.decision} request={{ title: "Close it?" }} />`;
  const root = folder({ "release.tsx": workflowFile(tree, { schemas }) });
  const { run, client } = await served(root);
  await run.saysBeside(/"ship" is waiting for a decision/);
  await client.post("/approve/ship");
  await run.saysBeside(/"announce" is waiting for the signal "announced"/);
  await client.post("/signal/announced", { data: { value: 1 } });
  await run.saysBeside(/"close" is waiting for a decision/);
  expect(await smithers(root, "approve", "r1")).toMatchObject({ code: 0, out: '"close" is approved.\n', err: "" });
  await run.saysBeside(/has finished in .*\. It is served until/);
  expect(run.printed.err).not.toMatch(/not continued|resume|being executed/);
  run.child.kill("SIGTERM");
  expect((await run.ended).code).toBe(0);
});

test("a cancellation over HTTP ends the run, and --no-metrics removes /metrics", async () => {
  const root = folder({ "release.tsx": release });
  const { run, client } = await served(root, "--no-metrics");
  await run.saysBeside(/is waiting for a decision/);
  expect((await client.get("/metrics")).status).toBe(404);
  expect((await client.post("/cancel")).body).toEqual({ runId: "r1" });
  await run.saysBeside(/was cancelled/);
});

test("a served run that has failed continues over HTTP, by a retry of its node or by resume", async () => {
  const task = (id: string) => `<Task id="${id}" output={outputs.result} retries={0}>{() => {
    if (!existsSync("${id}.host")) throw new Error("The host is down.");
    return { value: "uploaded" };
  }}</Task>`;
  const root = folder({ "release.tsx": workflowFile(task("upload") + task("announce"), { schemas }) });
  const { run, client } = await served(root);
  const failures = (count: number) =>
    run.saysBeside(new RegExp(`(The run r1 failed [^]*It is served until Ctrl\\+C\\.[^]*){${count}}`));
  await failures(1);
  write(root, { "upload.host": "" });
  expect((await client.post("/v1/runs/other/resume")).body.error.code).toBe("RUN_NOT_FOUND");
  expect((await client.post("/v1/runs/r1/nodes/upload/retry")).body).toEqual({ runId: "r1" });
  await failures(2);
  write(root, { "announce.host": "" });
  expect((await client.post("/v1/runs/r1/resume")).body).toEqual({ runId: "r1" });
  await run.saysBeside(/The run r1 has finished .*It is served until Ctrl\+C\./);
  run.child.kill("SIGINT");
  expect((await run.ended).code).toBe(0);
});

test("Ctrl+C while a served run is waiting prints how to continue it", async () => {
  const root = folder({ "release.tsx": release });
  const { run, client } = await served(root, "--auth-token", "secret");
  await run.saysBeside(/is waiting for a decision/);
  expect((await client.get("/")).status).toBe(401);
  expect((await client.get("/", { authorization: "Bearer secret" })).status).toBe(200);
  const stream = await client.send("GET", "/events", { headers: { authorization: "Bearer secret" } });
  run.child.kill("SIGINT");
  // The stream ends as it should, and is not torn off.
  expect(await stream.text()).toContain("NodeWaitingApproval");
  const { code, err } = await run.ended;
  expect(code).toBe(130);
  expect(err).toEndWith("Then continue the run:\n  $ smithers resume r1\n");
});

test("a port in use exits with 1 and starts no run", async () => {
  const root = folder({ "release.tsx": release });
  const other = createServer().listen(0, "127.0.0.1");
  afterThisTest(() => void other.close());
  await once(other, "listening");
  const port = String((other.address() as AddressInfo).port);
  for (const args of [["up", "release.tsx", "--serve"], ["server"]]) {
    const { code, out, err } = await smithers(root, ...args, "--port", port);
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toContain(
      `The port ${port} is in use by another program.\nChoose another port, or 0 to pick a free one.`,
    );
    expect(err).not.toContain("shutting down");
  }
  expect(await smithersJson(root, "ps")).toEqual([]);
});

test("a background run, here of -sd for --serve --detach, is one process with the requested id and a log of its events", async () => {
  const root = folder({ "release.tsx": release });
  const begun = await smithersJson(root, "up", "release.tsx", "-sd", "--port", "0", "--run-id", "r1");
  afterThisTest(() => {
    try {
      process.kill(begun.pid, "SIGKILL");
    } catch {
      // It has ended.
    }
  });
  expect(begun).toMatchObject({ runId: "r1", log: join(root, ".smithers/r1.log") });
  expect((await new Wire(begun.url).get("/health")).body).toEqual({ ok: true });
  expect(readFileSync(`/proc/${begun.pid}/task/${begun.pid}/children`, "utf8")).toBe("");
  const client = new Client(begun.url);
  const stream = await client.send("GET", "/events");
  await client.post("/cancel");
  expect(await stream.text()).toContain("RunCancelled");
  expect(readFileSync(begun.log, "utf8")).toContain("run r1 started");
});

test("a background run that cannot start prints the reason, with its exit code", async () => {
  const root = folder({ "release.tsx": "export const x = 1;" });
  const { code, out, err } = await smithers(root, "up", "release.tsx", "--detach");
  expect({ code, out }).toEqual({ code: 4, out: "" });
  expect(err).toContain("The file has no workflow");
});

test("with --hot the run continues with an edited workflow, and ignores a broken edit", async () => {
  const version = (after: string) =>
    workflowFile(
      `<Task id="wait" output={outputs.result}>{async ({ signal }) => {
         console.log("waiting");
         await fileAt("go", signal);
         return { value: 1 };
       }}</Task>
       ${after}`,
    );
  const root = folder({ "flow.tsx": version(`<Task id="old" output={outputs.result}>{{ value: "old" }}</Task>`) });
  const run = startSmithers(["up", "flow.tsx", "--hot"], { cwd: root });
  await run.says(/waiting/);
  write(root, { "flow.tsx": "export default (" });
  await run.saysBeside(/The edited workflow is invalid, so the run continues with the version before: flow.tsx:1:/);
  write(root, { "flow.tsx": version(`<Task id="new" output={outputs.result}>{{ value: "new" }}</Task>`) });
  await run.saysBeside(/flow.tsx was edited: the run continues with the new version/);
  await run.saysBeside(/workflow reloaded/);
  writeFileSync(join(root, "go"), "");
  const { code, out } = await run.ended;
  expect(code).toBe(0);
  expect(out).toEndWith('{\n  "value": "new"\n}\n');
});

import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { startSmithers, wordsOf } from "../support/cli.ts";
import { cliWorkflows } from "../support/cli-workflows.ts";
import { eventually } from "../support/eventually.ts";
import { folder } from "../support/folder.ts";
import { hostedCommands } from "../support/hosted-commands.ts";
import { serveWithoutWorkers as serve, type TestServer } from "../support/server.ts";
import { workflowFile } from "../support/workflows.ts";

const { smithers, smithersJson } = hostedCommands({ executes: true });

/** A run that waits, named as its workflow, and the server that began it. */
async function waiting(...names: string[]): Promise<{ root: string; server: TestServer }> {
  const root = folder(cliWorkflows);
  const server = await serve(root);
  for (const name of names) {
    await server.start(`./${name}.tsx`, {}, { runId: name });
    await server.until(name, ({ type }) => type === "RunStatusChanged");
  }
  return { root, server };
}

test("a server continues a run at once that was approved in its database", async () => {
  const { root, server } = await waiting("release");
  const approved = await smithers(root, "approve", "release", "--note", "go", "--by", "ann");
  expect(approved).toEqual({ code: 0, signal: null, out: '"ship" is approved.\n', err: "" });
  expect(await server.end("release")).toMatchObject({ status: "finished" });
  expect((await server.nodes("release"))[0]!.output).toMatchObject({ approved: true, note: "go", decidedBy: "ann" });
});

test("an approval without a server is recorded, and resume continues the run", async () => {
  const { root, server } = await waiting("release");
  await server.close();
  const approved = await smithers(root, "approve", "release");
  expect(approved).toMatchObject({ code: 0, err: expect.stringContaining("smithers resume release") });
  expect(await smithersJson(root, "why", "release")).toMatchObject({
    reasons: [{ kind: "not-continued", nodeId: "ship", commands: ["smithers resume release"] }],
  });
  const resumed = await smithers(root, "resume", "release");
  expect(resumed).toMatchObject({ code: 0, out: '{\n  "value": "published"\n}\n' });
  expect(resumed.err).toContain("publish finished");
});

test("why and ps name the error in the workflow file that keeps a decided run from continuing", async () => {
  const { root, server } = await waiting("release");
  writeFileSync(join(root, "release.tsx"), "const steps = [1; 2];\n");
  await smithers(root, "approve", "release");
  await eventually(async () => (await server.run("release")).runState.unhealthy);
  const { reasons } = await smithersJson(root, "why", "release");
  expect(reasons).toHaveLength(1);
  expect(reasons[0]).toMatchObject({ kind: "not-continued", nodeId: "ship", commands: ["smithers resume release"] });
  expect(reasons[0].what).toMatch(
    /^"ship" has been decided, but the run cannot continue: release\.tsx:1:\d+: .*;.*\. Repair that first\. A server that uses this database then continues the run by itself; without one, resume it\.$/,
  );
  const { out } = await smithers(root, "ps");
  expect(out).toMatch(/release\.tsx:1:\d+: .*;/);
});

test("a denied run fails, and resume exits with 1", async () => {
  const { root, server } = await waiting("release");
  await server.close();
  await smithers(root, "deny", "release", "ship", "--by", "bob", "--note", "red tests");
  const resumed = await smithers(root, "resume", "release", "--json");
  expect(resumed.code).toBe(1);
  expect(JSON.parse(resumed.out)).toMatchObject({ status: "failed", error: { code: "APPROVAL_DENIED" } });
});

test("resume exits with 3 when the run is waiting for a decision", async () => {
  const { root, server } = await waiting("release");
  await server.close();
  const { code, err } = await smithers(root, "resume", "release");
  expect({ code, err }).toMatchObject({ code: 3, err: expect.stringContaining("smithers approve release ship") });
});

test("cancel ends a run at once, with or without a server", async () => {
  const { root, server } = await waiting("release", "paid");
  expect(await smithers(root, "cancel", "paid")).toMatchObject({ code: 0, out: "The run paid was cancelled.\n" });
  expect(await server.end("paid")).toMatchObject({ status: "cancelled" });
  await server.close();
  await smithers(root, "cancel", "release");
  expect(await smithersJson(root, "inspect", "release")).toMatchObject({ status: "cancelled" });
  expect((await smithers(root, "cancel", "release")).code).toBe(1);
});

test("a cancellation that the run's process has not seen yet is recorded, and takes effect later", async () => {
  const root = folder({
    "slow.tsx": workflowFile(
      `<Task id="slow" output={outputs.result}>{() => new Promise((resolve) => setTimeout(resolve, 60_000))}</Task>`,
    ),
  });
  const up = startSmithers(["up", "slow.tsx", "--run-id", "slow"], { cwd: root });
  await up.saysBeside(/slow.*started/);
  up.child.kill("SIGSTOP");
  const cancelled = await smithers(root, "cancel", "slow");
  expect(cancelled).toMatchObject({ code: 0, out: expect.stringContaining("will be cancelled") });
  up.child.kill("SIGCONT");
  expect((await up.ended).code).toBe(2);
});

test("deny lists the commands when several decisions are pending", async () => {
  const { root } = await waiting("choices");
  const { code, err } = await smithers(root, "deny", "choices");
  expect({ code, err }).toEqual({
    code: 4,
    err: `smithers: The run is waiting for several decisions. Name one:
  smithers deny choices order
  smithers deny choices size
`,
  });
});

test("a missing or unknown choice is refused with the list of options", async () => {
  const { root } = await waiting("choices");
  const missing = await smithers(root, "approve", "choices", "size");
  expect(missing).toMatchObject({ code: 4, err: expect.stringContaining("--select with one of: small, large.") });
  const wrong = await smithers(root, "approve", "choices", "size", "--select", "huge");
  expect(wrong).toMatchObject({ code: 4, err: expect.stringContaining("must be one of: small, large") });
  const mistyped = await smithers(root, "approve", "choices", "sise", "--select", "small");
  expect(mistyped).toMatchObject({ code: 4, err: expect.stringContaining('Did you mean "size"?') });
});

test("the commands that why prints continue the run", async () => {
  const { root, server } = await waiting("release", "paid", "choices");
  for (const runId of ["release", "paid", "choices"]) {
    const { reasons } = await smithersJson(root, "why", runId);
    for (const { commands } of reasons) {
      expect((await smithers(root, ...(await wordsOf(commands[0])))).code).toBe(0);
    }
    expect(await server.end(runId)).toMatchObject({ status: "finished" });
  }
});

test("why shows a running task next to a pending approval, and --rank accepts a JSON array", async () => {
  const root = folder({
    "both.tsx": workflowFile(
      `<Parallel>
        <Task id="crunch" output={outputs.result}>{async () => {
          await fileAt("power");
          return { value: 1 };
        }}</Task>
        <Approval id="order" mode="rank" options={[{ key: "a,b", label: "A" }, { key: "c", label: "C" }]}
          output={outputs.order} request={{ title: "Which first?" }} />
      </Parallel>`,
      {
        head: `import { approvalRankingSchema } from "smithers-orchestrator";`,
        schemas: "result: z.any(), order: approvalRankingSchema",
      },
    ),
  });
  const up = startSmithers(["up", "both.tsx", "--run-id", "both"], { cwd: root });
  await up.saysBeside(/crunch.*started/);
  const { reasons } = await smithersJson(root, "why", "both");
  expect(reasons.map(({ kind, nodeId }: { kind: string; nodeId: string }) => [kind, nodeId])).toEqual([
    ["running", "crunch"],
    ["approval", "order"],
  ]);
  expect(reasons[1].commands[0]).toBe(`smithers approve both order --rank '["a,b","c"]'`);
  expect((await smithers(root, "approve", "both", "--rank", '["a,b","c"]')).err).toBe("");
  writeFileSync(join(root, "power"), "");
  expect((await up.ended).code).toBe(0);
});

test("a signal's data may come from a file with a byte order mark and Windows line ends", async () => {
  const { root, server } = await waiting("paid");
  writeFileSync(join(root, "data.json"), '\ufeff{\r\n  "amount": 3\r\n}\r\n');
  const sent = await smithers(root, "signal", "paid", "payment", "-c", "order-17", "--data", "@data.json");
  expect(sent).toMatchObject({ code: 0, err: "" });
  expect(await server.end("paid")).toMatchObject({ output: { amount: 3 } });
});

test("invalid JSON data is refused with its position", async () => {
  const { root } = await waiting("paid");
  const { code, err } = await smithers(root, "signal", "paid", "payment", "--data", '{"amount": three}');
  expect({ code, err }).toEqual({
    code: 4,
    err: 'smithers: The value of --data is not valid JSON: unexpected "t" at line 1, column 12.\n',
  });
});

test("a signal that no node is waiting for is stored, and the awaited one is named", async () => {
  const { root } = await waiting("paid");
  const { code, err } = await smithers(root, "signal", "paid", "payed");
  expect({ code, err }).toEqual({ code: 0, err: 'The run is waiting for "payment", not for "payed".\n' });
});

test("retry executes the failed node again and continues the run", async () => {
  const root = folder(cliWorkflows);
  const server = await serve(root);
  await server.complete("./broken.tsx", { needs: join(root, "open") }, { runId: "broken" });
  await server.close();
  const { reasons } = await smithersJson(root, "why", "broken");
  expect(reasons).toMatchObject([
    {
      kind: "failed",
      nodeId: "publish",
      what: expect.stringMatching(/^"publish" failed at \S+\.tsx:\d+:\d+: the registry is closed$/),
    },
  ]);
  expect(reasons[0].commands).toContain("smithers retry broken publish");
  expect((await smithers(root, "retry", "broken", "publish")).code).toBe(1);
  expect(await smithers(root, "retry", "broken", "build")).toMatchObject({
    code: 1,
    err: expect.stringContaining('"build" is finished'),
  });
  writeFileSync(join(root, "open"), "");
  expect(await smithers(root, "retry", "broken", "publish")).toMatchObject({
    code: 0,
    out: '{\n  "value": "published"\n}\n',
  });
});

import { expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { smithers, startSmithers } from "../support/cli.ts";
import { Client } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { folder, write } from "../support/folder.ts";
import { workflowFile } from "../support/workflows.ts";

const options = {
  schemas: "decision: approvalDecisionSchema, result: z.object({ value: z.any() }), fired: z.any()",
  head: `const mark = (name: string) => appendFileSync("marks", name + "\\n");`,
};
const deploy = `<Task id="deploy" output={outputs.result}>{() => { mark("deploy"); return { value: "deployed" }; }}</Task>`;
const shown = (node: string) => workflowFile(node + deploy, options);
const hidden = workflowFile(`<WaitForEvent id="hold" event="hold" output={outputs.result} />${deploy}`, options);

/** Serves a run with --hot, and follows its events. */
async function hot(file: string) {
  const root = folder({ "flow.tsx": file });
  const command = startSmithers(["up", "flow.tsx", "--hot", "--serve", "--port", "0", "--run-id", "r1"], { cwd: root });
  await command.saysBeside(/Serving the run \S+ at \S+/);
  const client = new Client(/Serving the run \S+ at (\S+)/.exec(command.printed.err)![1]!);
  const edit = (text: string) => write(root, { "flow.tsx": text });
  /** Waits until the run is blocked on exactly this node. */
  const blockedOn = (nodeId: string, kind: string) =>
    eventually(async () => {
      const { blocked } = (await client.get("/")).body.runState;
      return blocked?.kind === kind && blocked.nodeId === nodeId;
    });
  const finished = () => command.saysBeside(/has finished/);
  return { root, command, client, edit, blockedOn, finished, ran: (name: string) => existsSync(join(root, name)) };
}

const approval = `<Approval id="x" output={outputs.decision} request={{ title: "Go?" }} />`;
const event = `<WaitForEvent id="x" event="go" output={outputs.result} />`;

test("with --hot, what waits and is taken out and put back while the run is parked waits again", async () => {
  const waits = {
    x: approval,
    asks: `<Task id="asks" output={outputs.result} needsApproval>{() => { mark("asks"); return { value: 1 }; }}</Task>`,
    hears: `<WaitForEvent id="hears" event="go" output={outputs.result} />`,
    naps: `<Timer id="naps" duration="1h" />`,
  };
  const waiting = { x: "waiting-approval", asks: "waiting-approval", hears: "waiting-event", naps: "waiting-timer" };
  const parallel = shown(`<Parallel>${Object.values(waits).join("")}</Parallel>`);
  const { root, client, edit, blockedOn, finished, ran } = await hot(parallel);
  /** Waits until the run waits for all of them, and for nothing else. */
  const allWait = () =>
    eventually(async () => {
      const now = (await client.nodes("r1")).filter(({ state }) => state.startsWith("waiting-"));
      return isDeepStrictEqual(Object.fromEntries(now.map(({ nodeId, state }) => [nodeId, state])), waiting);
    });
  await allWait();
  edit(hidden);
  await blockedOn("hold", "event");
  edit(parallel);
  await allWait();
  expect(ran("marks")).toBe(false);
  for (const [path, body] of [
    ["/approve/x", {}],
    ["/approve/asks", {}],
    ["/signal/go", { data: { value: 1 } }],
  ] as const) {
    expect((await client.post(path, body)).status).toBe(200);
  }
  // The timer keeps its hour, and is all that holds the rest back.
  await blockedOn("naps", "timer");
  edit(workflowFile(deploy, options));
  await finished();
  expect(readFileSync(join(root, "marks"), "utf8")).toBe("asks\ndeploy\n");
});

test("with --hot, a running task that is taken out is aborted, and runs again when it is put back", async () => {
  const work = `<Task id="x" output={outputs.result} retries={0}>{async ({ signal }) => {
    appendFileSync("runs", "x");
    await fileAt("go", signal);
    return { value: 1 };
  }}</Task>`;
  const { root, edit, blockedOn, finished, ran, client } = await hot(shown(work));
  await eventually(() => ran("runs"));
  edit(hidden);
  await blockedOn("hold", "event");
  edit(shown(work));
  await eventually(() => readFileSync(join(root, "runs"), "utf8") === "xx");
  expect((await client.get("/")).body.summary).toMatchObject({ "in-progress": 1, pending: 1 });
  expect(ran("marks")).toBe(false);
  writeFileSync(join(root, "go"), "");
  await finished();
});

test("with --hot, a question that is edited while the run is parked is asked again", async () => {
  const asks = (title: string) => shown(approval.replace("Go?", title));
  const { command, client, edit, finished } = await hot(asks("To staging?"));
  await command.saysBeside(/"x" is waiting for a decision: "To staging\?"/);
  edit(asks("To production?"));
  await command.saysBeside(/"x" is waiting for a decision: "To production\?"/);
  expect(command.printed.err).toContain("flow.tsx was edited: the run continues with the new version.");
  await client.post("/approve/x");
  await finished();
});

test("with --hot, a parked run keeps waiting when its file is edited to one that throws while it renders", async () => {
  const { command, client, edit, blockedOn, finished } = await hot(shown(approval));
  await blockedOn("x", "approval");
  edit(workflowFile(`{(() => { throw new Error("kaputt"); })()}`, options));
  await command.saysBeside(
    /so the run continues with the version before: flow\.tsx:\d+:\d+: The workflow threw .*: kaputt/,
  );
  expect((await client.get("/")).body).toMatchObject({
    status: "waiting-approval",
    runState: { state: "waiting-approval" },
  });
  edit(shown(event));
  await blockedOn("x", "event");
  await client.post("/signal/go", { data: { value: 1 } });
  await finished();
});

test("with --hot, an edit of a run that has ended is not said to continue it", async () => {
  const { root, command, edit, blockedOn, client } = await hot(shown(approval));
  await blockedOn("x", "approval");
  await client.post("/deny/x");
  await command.saysBeside(/The run r1 failed/);
  edit(shown(event));
  await command.saysBeside(/flow.tsx was edited. This process does not execute the run any more/);
  expect(command.printed.err).not.toContain("continues with the new version");
  command.child.kill("SIGINT");
  await command.ended;
  expect((await smithers(root, "why", "r1")).out).toContain("denied");
});

import { expect, test } from "bun:test";
import { folder } from "../support/folder.ts";
import { hostedCommands } from "../support/hosted-commands.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";
import { echo, workflowFile } from "../support/workflows.ts";

const { smithers, refused } = hostedCommands({ executes: true });

const ship = workflowFile(
  `<Approval id="ship" output={outputs.decision} request={{ title: "Ship?" }} />
  <WaitForEvent id="paid" event="paid" output={outputs.result} />`,
  { schemas: "decision: approvalDecisionSchema, result: z.object({ value: z.any() })" },
);
const flaky = workflowFile(
  `<Task id="flaky" output={outputs.result} noRetry>{(task) => { if (task.attempt === 1) throw new Error("no"); return { value: 1 }; }}</Task>`,
);

/** The column of ids of `smithers ps`. */
const idsOf = (out: string) =>
  out
    .trim()
    .split("\n")
    .slice(1)
    .map((line) => line.split(" ")[0]!);

test("ps shows the shortest unambiguous suffix of generated ids, and chosen ids whole; commands accept both", async () => {
  const root = folder({ "echo.tsx": echo });
  const server = await serve(root);
  const named = [
    "0197c1d2-0000-7000-8000-00000a123456",
    "0197c1d2-0000-7000-8000-00000b123456",
    "0197c1d2-0000-7000-8000-000000654321",
    "654321-is-a-beginning-too",
    "nightly-build-of-november",
    "first",
  ];
  for (const runId of named) await server.complete("echo.tsx", { msg: runId }, { runId });
  const made = await server.start("echo.tsx", { msg: "made" });
  await server.end(made);

  const shown = idsOf((await smithers(root, "ps")).out);
  const ends = ["first", "nightly-build-of-november", "654321-is-a-beginning-too", "0654321", "b123456", "a123456"];
  expect(shown).toEqual([made.slice(-6), ...ends]);
  for (const [index, runId] of [made, ...named.toReversed()].entries()) {
    const { out } = await smithers(root, "inspect", shown[index]!, "--json");
    expect(JSON.parse(out)).toMatchObject({ runId });
  }
  const [newest, oldest] = [shown[0]!, shown.at(-1)!];
  // What another page does not list is told apart all the same.
  expect(idsOf((await smithers(root, "ps", "--limit", "1")).out)).toEqual([newest]);
  const overHttp = await smithers(root, "ps", "--url", server.url);
  expect(idsOf(overHttp.out)).toContain(oldest);
  expect(JSON.parse((await smithers(root, "ps", "--json")).out)[0].runId).toBe(made);
});

test.each(["file", "server"])(
  "without an id, or with @last, a command uses the latest run and names it (%s)",
  async (where) => {
    const root = folder({ "echo.tsx": echo, "ship.tsx": ship });
    const server = await serve(root);
    await server.complete("echo.tsx", { msg: "old" }, { runId: "old" });
    await server.start("ship.tsx", {}, { runId: "new" });
    await server.until("new", ({ type }) => type === "NodeWaitingApproval");
    const place = where === "server" ? ["--url", server.url] : [];
    const latest = async (...args: string[]) => {
      const { code, out, err } = await smithers(root, ...args, ...place);
      expect({ args, code, err }).toMatchObject({ code: 0, err: expect.stringContaining("Latest run: new") });
      return out;
    };
    for (const id of [[], ["@last"]]) {
      expect(await latest("inspect", ...id)).toContain("waiting-approval");
      expect(await latest("why", ...id)).toContain("smithers approve new ship");
      expect(await latest("node", ...id, "ship")).toContain("ship");
      expect(await latest("logs", ...id)).toContain("ship");
      expect(await latest("events", ...id, "--type", "RunStarted")).toContain('"runId":"new"');
      expect(await latest("frames", ...id)).toContain("ship");
    }
    // A word that is no run is a node of the latest.
    expect(await latest("approve", "ship")).toContain('"ship" is approved.');
    await server.until("new", ({ type }) => type === "NodeWaitingEvent");
    expect(await latest("signal", "paid", "--data", '{"value": 1}')).toContain('The signal "paid" was stored');
    expect(await server.end("new")).toMatchObject({ status: "finished" });

    await server.start("ship.tsx", {}, { runId: "newer" });
    await server.until("newer", ({ type }) => type === "NodeWaitingApproval");
    const cancelled = await smithers(root, "cancel", ...place);
    expect(cancelled).toMatchObject({ code: 0, err: expect.stringContaining("Latest run: newer") });
    expect(await server.end("newer")).toMatchObject({ status: "cancelled" });
    const nowhere = await smithers(root, "approve", "elsewhere", ...place);
    expect(nowhere).toMatchObject({ code: 4, err: expect.stringContaining('There is no run "elsewhere".') });
  },
);

test("resume, retry and up --resume continue the latest run", async () => {
  const root = folder({ "echo.tsx": echo, "flaky.tsx": flaky });
  for (const again of [["resume"], ["retry", "flaky"], ["retry", "@last", "flaky"]]) {
    const runId = again.join("-").replace("@", "");
    expect((await smithers(root, "up", "flaky.tsx", "--run-id", runId)).code).toBe(1);
    const { code, err } = await smithers(root, ...again);
    expect({ code, err }).toMatchObject({ code: 0, err: expect.stringContaining(`Latest run: ${runId}`) });
  }
  expect((await smithers(root, "up", "flaky.tsx", "--run-id", "failed")).code).toBe(1);
  expect((await smithers(root, "up", "echo.tsx", "--input", '{"msg": 1}', "--run-id", "later")).code).toBe(0);
  const continued = await smithers(root, "up", "flaky.tsx", "--resume", "--json");
  expect({ code: continued.code, ...JSON.parse(continued.out) }).toMatchObject({ code: 0, runId: "failed" });
  const inBackground = await refused(root, "up", "flaky.tsx", "--resume", "--detach");
  expect(inBackground).toMatchObject({ code: 4, err: expect.stringContaining("--resume <run>") });
});

test("a command without any run, or without a required argument, says so", async () => {
  const root = folder({ "echo.tsx": echo });
  await serve(root);
  expect(await smithers(root, "why")).toMatchObject({ code: 4, err: expect.stringContaining("There are no runs.") });
  for (const [command, argument] of [
    ["node", "node"],
    ["retry", "node"],
    ["signal", "name"],
  ] as const) {
    const { code, err } = await smithers(root, command);
    expect({ code, err }).toEqual({
      code: 4,
      err: `error: missing required argument '${argument}'\nSee smithers ${command} --help.\n`,
    });
    expect((await smithers(root, command, "--help")).out).toContain(`[run] <${argument}>`);
  }
});

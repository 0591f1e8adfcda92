import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../support/eventually.ts";
import { folder } from "../support/folder.ts";
import { recordedWarnings } from "../support/log.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";
import { workflowFile } from "../support/workflows.ts";

/** A run that should go on and cannot, because its file does not load any more. */

const waits = {
  timer: `<Timer id="w" duration="400ms" />`,
  timeout: `<Approval id="w" timeoutMs={400} continueOnFail output={outputs.decision} request={{ title: "?" }} />`,
  decision: `<Approval id="w" output={outputs.decision} request={{ title: "?" }} />`,
  signal: `<WaitForEvent id="w" event="go" output={outputs.result} />`,
};
type Kind = keyof typeof waits;
const schemas = "decision: approvalDecisionSchema, result: z.object({ value: z.any() })";
const end = `<Task id="end" output={outputs.result}>{() => ({ value: 1 })}</Task>`;

const spoils: [string, (source: string) => string, RegExp][] = [
  ["does not compile", (source) => `${source}}}}`, /w\.tsx:\d+:\d+/],
  ["throws", (source) => `throw new Error("kaputt");\n${source}`, /w\.tsx:1:\d+: kaputt/],
];

async function stuck(kind: Kind, spoil: (source: string) => string) {
  const root = folder({ "w.tsx": workflowFile(waits[kind] + end, { schemas }) });
  const file = join(root, "w.tsx");
  const server = await serve(root);
  const runId = await server.start("w.tsx");
  await server.until(runId, ({ type }) => type.startsWith("NodeWaiting"));
  const source = readFileSync(file, "utf8");
  writeFileSync(file, spoil(source));
  if (kind === "decision") await server.approvals.approve(runId, "w");
  if (kind === "signal") await server.signals.send(runId, "go", { data: { value: 1 } });
  const unhealthy = await eventually(async () => {
    const { unhealthy } = (await server.run(runId)).runState;
    return unhealthy;
  });
  return { server, runId, unhealthy, repair: () => writeFileSync(file, source) };
}

const cases = (Object.keys(waits) as Kind[]).map((kind, index) => [kind, ...spoils[index % 2]!] as const);

test.each(cases)(
  "a %s that cannot be carried out, for the file %s, is shown until the file is repaired",
  async (kind, _, spoil, place) => {
    const { server, runId, unhealthy, repair } = await stuck(kind, spoil);
    expect(unhealthy).toMatchObject({
      kind: "not-continued",
      code: expect.stringMatching(/^WORKFLOW_/),
      unblock: "none: the run continues by itself after the repair",
      sinceMs: expect.any(Number),
    });
    expect(unhealthy.reason).toMatch(place);
    const { runState } = await server.run(runId);
    expect(runState.blocked!.unblock).toStartWith("Repair");
    expect(runState.blocked!.unblock).toMatch(place);
    expect(await server.approvals.list()).toEqual([]);
    const [listed] = await server.allRuns();
    expect(listed!.runState.unhealthy).toEqual(unhealthy);
    const metrics = (await server.get("/metrics")).body as string;
    expect(metrics).toMatch(/^smithers_runs_stuck 1$/m);

    repair();
    expect((await server.end(runId)).status).toBe("finished");
    expect((await server.run(runId)).runState).not.toHaveProperty("unhealthy");
    expect((await server.get("/metrics")).body).toMatch(/^smithers_runs_stuck 0$/m);
  },
);

test("one cause is logged once, however many runs it stops", async () => {
  const root = folder({ "w.tsx": workflowFile(waits.signal + end, { schemas }) });
  const { logger, warnings } = recordedWarnings();
  const server = await serve(root, { logger });
  const runIds = await Promise.all(Array.from({ length: 5 }, () => server.start("w.tsx")));
  for (const runId of runIds) await server.until(runId, ({ type }) => type === "NodeWaitingEvent");
  const source = readFileSync(join(root, "w.tsx"), "utf8");
  writeFileSync(join(root, "w.tsx"), `${source}}}}`);
  for (const runId of runIds) await server.signals.send(runId, "go", { data: { value: 1 } });
  for (const runId of runIds) {
    await eventually(async () => (await server.run(runId)).runState.unhealthy);
  }
  expect(warnings.filter((message) => message.includes("cannot be continued"))).toHaveLength(1);
  writeFileSync(join(root, "w.tsx"), source);
  for (const runId of runIds) expect((await server.end(runId)).status).toBe("finished");
});

/** @jsxImportSource smithers-orchestrator */
import { expect, test } from "bun:test";
import {
  Approval,
  approvalDecisionSchema,
  createSmithers,
  Parallel,
  Signal,
  Timer,
  WaitForEvent,
  Workflow,
} from "smithers-orchestrator";
import { z } from "zod";
import { eventually } from "../support/eventually.ts";
import { inStore, newDatabase, type Ran, run } from "../support/run.ts";

const payment = z.object({ amount: z.number() });
const { smithers, outputs, Task } = createSmithers({
  decision: approvalDecisionSchema,
  payment,
  result: z.object({ value: z.number() }),
});

const decide = ({ db, runId }: Ran, nodeId: string, status: "granted" | "denied", note?: string) =>
  inStore(db, (store) => store.decide({ runId, nodeId, status, decidedBy: "ann", note }, Date.now()));

const send = ({ db, runId }: Ran, name: string, data: unknown, correlationId?: string) =>
  inStore(db, (store) => store.receiveSignal({ runId, name, data, correlationId }, Date.now()));

const resume = (workflow: Parameters<typeof run>[0], { db, runId }: Ran) => run(workflow, { db, runId, resume: true });

const gate = (onDeny?: "fail" | "continue" | "skip") =>
  smithers(() => (
    <Workflow name="test">
      <Approval id="gate" output={outputs.decision} request={{ title: "Ship it?" }} onDeny={onDeny} />
      <Task id="after" output={outputs.result}>
        {{ value: 1 }}
      </Task>
    </Workflow>
  ));

test("a run that waits for a decision resolves waiting-approval, and continues when it is granted", async () => {
  const workflow = gate();
  const waiting = await run(workflow);
  expect(waiting).toMatchObject({
    status: "waiting-approval",
    states: { gate: "waiting-approval", after: "pending" },
    stored: { owner: null },
  });
  await decide(waiting, "gate", "granted", "fine");
  const ran = await resume(workflow, waiting);
  expect(ran.status).toBe("finished");
  expect(ran.outputs.gate).toEqual({
    approved: true,
    note: "fine",
    decidedBy: "ann",
    decidedAt: expect.stringMatching(/^\d{4}-.*Z$/),
  });
});

test("a denial fails the run, or is its output, or skips the node, as onDeny says", async () => {
  const denied = async (onDeny?: "fail" | "continue" | "skip") => {
    const waiting = await run(gate(onDeny));
    await decide(waiting, "gate", "denied", "too soon");
    return resume(gate(onDeny), waiting);
  };
  const failed = await denied();
  expect(failed).toMatchObject({ status: "failed", error: { code: "APPROVAL_DENIED", nodeId: "gate" } });
  expect(failed.error!.message).toContain("denied by ann: too soon");
  expect(await denied("continue")).toMatchObject({ status: "finished", outputs: { gate: { approved: false } } });
  expect(await denied("skip")).toMatchObject({ status: "finished", states: { gate: "skipped", after: "finished" } });
});

test("a task with needsApproval starts only after it is approved", async () => {
  const workflow = smithers(() => (
    <Workflow name="test">
      <Task id="deploy" output={outputs.result} needsApproval>
        {() => ({ value: 1 })}
      </Task>
    </Workflow>
  ));
  const waiting = await run(workflow);
  expect(waiting).toMatchObject({ status: "waiting-approval", nodes: { deploy: { attempt: 0 } } });
  await decide(waiting, "deploy", "granted");
  expect(await resume(workflow, waiting)).toMatchObject({ status: "finished", output: { value: 1 } });
});

test("a node without a decision within timeoutMs fails", async () => {
  const workflow = smithers(() => (
    <Workflow name="test">
      <Approval id="gate" output={outputs.decision} request={{ title: "Ship it?" }} timeoutMs={0} />
    </Workflow>
  ));
  expect(await run(workflow)).toMatchObject({ status: "failed", error: { code: "APPROVAL_TIMEOUT", nodeId: "gate" } });
});

test("a late decision is refused, also before the timeout is recorded", async () => {
  const workflow = smithers(() => (
    <Workflow name="test">
      <Approval id="gate" output={outputs.decision} request={{ title: "Ship it?" }} timeoutMs={1_000} />
    </Workflow>
  ));
  const waiting = await run(workflow);
  expect(waiting.status).toBe("waiting-approval");
  await eventually(() => Date.now() > waiting.nodes.gate!.wakeAtMs!);
  await expect(decide(waiting, "gate", "granted")).rejects.toMatchObject({ code: "NODE_NOT_WAITING" });
  expect(await resume(workflow, waiting)).toMatchObject({ status: "failed", error: { code: "APPROVAL_TIMEOUT" } });
});

test("a run that waits for an event resolves waiting-event, and the event is its output", async () => {
  const workflow = smithers(() => (
    <Workflow name="test">
      <WaitForEvent id="paid" event="payment" correlationId="order-1" output={outputs.payment} />
    </Workflow>
  ));
  const waiting = await run(workflow);
  expect(waiting).toMatchObject({ status: "waiting-event", states: { paid: "waiting-event" } });
  await send(waiting, "payment", { amount: 1 });
  await send(waiting, "payment", { amount: 2 }, "order-2");
  expect((await resume(workflow, waiting)).status).toBe("waiting-event");
  await send(waiting, "payment", { amount: 3 }, "order-1");
  expect(await resume(workflow, waiting)).toMatchObject({ status: "finished", output: { amount: 3 } });
});

test("an event that does not fit fails the node", async () => {
  const workflow = smithers(() => (
    <Workflow name="test">
      <WaitForEvent id="paid" event="payment" output={outputs.payment} />
    </Workflow>
  ));
  const waiting = await run(workflow);
  await send(waiting, "payment", { amount: "much" });
  expect(await resume(workflow, waiting)).toMatchObject({
    status: "failed",
    error: { code: "INVALID_OUTPUT", nodeId: "paid", details: { issues: [{ path: ["amount"] }] } },
  });
});

test.each([
  ["fail", "failed", "failed"],
  ["skip", "finished", "skipped"],
  ["continue", "finished", "finished"],
] as const)("an event that does not come in time: onTimeout=%p", async (onTimeout, status, state) => {
  const ran = await run(
    smithers(() => (
      <Workflow name="test">
        <WaitForEvent id="w" event="payment" output={outputs.payment} timeoutMs={0} onTimeout={onTimeout} />
      </Workflow>
    )),
  );
  expect(ran).toMatchObject({ status, states: { w: state } });
  expect(ran.error?.code).toBe(status === "failed" ? "WAIT_TIMEOUT" : undefined);
});

test("a Signal mounts its children with the data that came", async () => {
  const workflow = smithers(() => (
    <Workflow name="test">
      <Signal id="payment" schema={payment}>
        {({ amount }) => (
          <Task id="book" output={outputs.result}>
            {{ value: amount * 2 }}
          </Task>
        )}
      </Signal>
    </Workflow>
  ));
  const waiting = await run(workflow);
  expect(waiting).toMatchObject({ status: "waiting-event", states: { payment: "waiting-event" } });
  await send(waiting, "payment", { amount: 21 });
  expect(await resume(workflow, waiting)).toMatchObject({ status: "finished", output: { value: 42 } });
});

test("timers are waited for", async () => {
  const ran = await run(
    smithers(() => (
      <Workflow name="test">
        <Timer id="short" duration="30ms" />
        <Timer id="past" until={new Date(0)} />
        <Task id="after" output={outputs.result}>
          {{ value: 1 }}
        </Task>
      </Workflow>
    )),
  );
  expect(ran).toMatchObject({ status: "finished", output: { value: 1 } });
  const [created, fired] = [ran.of("TimerCreated")[0]!, ran.of("TimerFired")[0]!];
  expect(created.firesAtMs - created.timestampMs).toBe(30);
  expect(fired.timestampMs).toBeGreaterThanOrEqual(created.firesAtMs);
  expect(ran.of("RunStatusChanged").map(({ status }) => status)).toContain("waiting-timer");
});

test("a run parked on a timer that another process cancels resolves cancelled", async () => {
  const db = newDatabase();
  const ran = await run(
    smithers(() => (
      <Workflow name="test">
        <Timer id="long" duration="1h" />
      </Workflow>
    )),
    {
      db,
      runId: "r",
      onProgress: ({ type }) =>
        type === "NodeWaitingTimer" && void inStore(db, (store) => store.requestCancel("r", Date.now())),
    },
  );
  expect(ran.status).toBe("cancelled");
});

test("everything that can run next to a wait runs before the run is parked", async () => {
  const ran = await run(
    smithers(() => (
      <Workflow name="test">
        <Parallel>
          <Approval id="gate" output={outputs.decision} request={{ title: "Go?" }} />
          <Task id="beside" output={outputs.result}>
            {() => ({ value: 1 })}
          </Task>
        </Parallel>
      </Workflow>
    )),
  );
  expect(ran).toMatchObject({ status: "waiting-approval", output: { value: 1 }, states: { beside: "finished" } });
});

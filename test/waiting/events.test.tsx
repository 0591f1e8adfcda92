/** @jsxImportSource smithers-orchestrator */
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import fc from "fast-check";
import { createSmithers, Signal, Workflow } from "smithers-orchestrator";
import { z } from "zod";
import { signalSchema } from "../../src/model/entities.ts";
import type { Signal as StoredSignal } from "../../src/model/index.ts";
import { testOnFile } from "../support/database.ts";
import { folder } from "../support/folder.ts";
import { inStore, type Ran, run } from "../support/run.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";
import { workflowFile } from "../support/workflows.ts";

const { smithers, outputs, Task, WaitForEvent } = createSmithers({
  cents: z.object({ cents: z.number().int() }),
  result: z.object({ value: z.any() }),
});

const send = ({ db, runId }: Pick<Ran, "db" | "runId">, name: string, data: unknown, correlationId?: string) =>
  inStore(db, (store) => store.receiveSignal({ runId, name, data, correlationId }, Date.now()));

const dollars = z.object({ dollars: z.number() }).transform(({ dollars }) => ({ cents: dollars * 100 }));

test("data must fit the outputSchema, and what that makes of it the output's schema", async () => {
  const workflow = smithers(() => (
    <Workflow name="test">
      <WaitForEvent id="w" event="paid" output={outputs.cents} outputSchema={dollars} />
    </Workflow>
  ));
  const outcome = async (data: unknown) => {
    const waiting = await run(workflow);
    await send(waiting, "paid", data);
    const ran = await run(workflow, { db: waiting.db, runId: waiting.runId, resume: true });
    return ran.output ?? ran.error?.code;
  };
  expect(await outcome({ dollars: 3 })).toEqual({ cents: 300 });
  expect(await outcome({ cents: 3 })).toBe("INVALID_OUTPUT");
  expect(await outcome({ dollars: 0.001 })).toBe("INVALID_OUTPUT");
});

test("a signal is kept for a run that has failed, until the run is resumed", async () => {
  let broken = true;
  const workflow = smithers(() => (
    <Workflow name="test">
      <Task id="flaky" output={outputs.result} noRetry>
        {() => {
          if (broken) throw new Error("broken");
          return { value: 1 };
        }}
      </Task>
      <WaitForEvent id="w" event="go" output={outputs.result} />
    </Workflow>
  ));
  const failed = await run(workflow);
  expect(failed.status).toBe("failed");
  await send(failed, "go", { value: "kept" });
  broken = false;
  const ran = await run(workflow, { db: failed.db, runId: failed.runId, resume: true });
  expect(ran).toMatchObject({ status: "finished", output: { value: "kept" } });
});

test("a Signal that has the name of an output keeps out of that output's rows", async () => {
  const workflow = smithers((ctx) => (
    <Workflow name="test">
      <Signal id="result" schema={z.object({ city: z.string() })}>
        {({ city }) => (
          <Task id="count" output={outputs.result}>
            {{ value: `${city} ${ctx.outputs.result.length}` }}
          </Task>
        )}
      </Signal>
    </Workflow>
  ));
  const waiting = await run(workflow);
  await send(waiting, "result", { city: "Uppsala" });
  const ran = await run(workflow, { db: waiting.db, runId: waiting.runId, resume: true });
  expect(ran.output).toEqual({ value: "Uppsala 0" });
});

test("with onTimeout=continue an event that does not arrive in time is null for its dependents", async () => {
  const ran = await run(
    smithers(() => (
      <Workflow name="test">
        <WaitForEvent id="w" event="e" output={outputs.cents} timeoutMs={0} onTimeout="continue" />
        <Task id="after" output={outputs.result} deps={{ w: outputs.cents }}>
          {({ w }) => ({ value: [w] })}
        </Task>
      </Workflow>
    )),
  );
  expect(ran).toMatchObject({ status: "finished", output: { value: [null] } });
});

test.each([
  [{ correlationId: "" }, "correlationId is empty"],
  [{ correlationId: 7 as never }, "correlationId must be a string"],
  [{ outputSchema: {} as never }, "outputSchema must be a Zod schema"],
  [{ event: "" }, "event is required"],
  [{ onTimeout: "stop" as never }, "onTimeout must be one of"],
  [{ timeoutMs: -1 }, "timeoutMs must be a number"],
])("a wait with %j is refused", async (props, message) => {
  const ran = await run(
    smithers(() => (
      <Workflow name="test">
        <WaitForEvent id="w" event="e" output={outputs.cents} {...props} />
      </Workflow>
    )),
  );
  expect(ran).toMatchObject({ status: "failed", error: { code: "INVALID_WORKFLOW" } });
  expect(ran.error!.message).toContain(message);
});

test("with two open waits for one name the first takes the first signal, and each wait checks its own signal", async () => {
  const two = workflowFile(
    `<Parallel>
      <WaitForEvent id="a" event="n" output={outputs.number} />
      <WaitForEvent id="b" event="n" output={outputs.text} />
    </Parallel>
    <WaitForEvent id="c" event="n" output={outputs.number} />`,
    { schemas: "number: z.object({ n: z.number() }), text: z.object({ s: z.string() })" },
  );
  const server = await serve(folder({ "two.tsx": two }));
  const runId = await server.start("two.tsx");
  await server.until(runId, (event) => event.type === "NodeWaitingEvent" && event.nodeId === "b");
  const post = async (data: unknown) => (await server.post(`/v1/runs/${runId}/signals/n`, { data })).status;
  expect(await post({ s: "not yet" })).toBe(400);
  // Whether or not the run has taken in the first yet: the second is for the other wait.
  expect([await post({ n: 1 }), await post({ n: 2 })]).toEqual([200, 400]);
  expect(await post({ s: "two" })).toBe(200);
  await server.until(runId, (event) => event.type === "NodeWaitingEvent" && event.nodeId === "c");
  expect(await post({ n: 3 })).toBe(200);
  expect((await server.end(runId)).status).toBe("finished");
  expect((await server.nodes(runId)).map(({ output }) => output)).toEqual([{ n: 1 }, { s: "two" }, { n: 3 }]);
});

const names = ["a", "b"];
const correlationIds = [undefined, "x"];
const waitArbitrary = fc.record({ name: fc.constantFrom(...names), correlationId: fc.constantFrom(...correlationIds) });
/** Pairs of waits that are open at once, and a rest before each pair, so that signals meet the run in all its states. */
const pairs = workflowFile(
  `{ctx.input.waits.map((_, index) => index % 2 === 0 && (
    <Sequence key={index}>
      <Timer id={"t" + index} duration="2ms" />
      <Parallel>
        {ctx.input.waits.slice(index, index + 2).map(({ name, correlationId }, offset) => (
          <WaitForEvent key={offset} id={"w" + (index + offset)} event={name} correlationId={correlationId}
            output={outputs.result} timeoutMs={150} onTimeout="skip" />
        ))}
      </Parallel>
    </Sequence>
  ))}`,
);

testOnFile(
  "whenever signals come, each is consumed at most once, in order, by a wait of its own, and none is lost",
  async () => {
    const root = folder({ "pairs.tsx": pairs });
    const server = await serve(root);
    const scenario = fc.asyncProperty(
      fc.array(waitArbitrary, { minLength: 1, maxLength: 6 }),
      fc.array(fc.tuple(waitArbitrary, fc.nat(6)), { maxLength: 8 }),
      async (waits, sent) => {
        const runId = await server.start("pairs.tsx", { waits });
        let accepted = 0;
        for (const [{ name, correlationId }, pauseMs] of sent) {
          await Bun.sleep(pauseMs);
          const { status } = await server.post(`/v1/runs/${runId}/signals/${name}`, {
            correlationId,
            data: { value: accepted },
          });
          // The run may be over by then, and says so.
          expect(status).toBeOneOf([200, 409]);
          if (status === 200) accepted += 1;
        }
        expect((await server.end(runId)).status).toBe("finished");
        const stored = signalsOf(`${root}/smithers.db`, runId);
        expect(stored.length).toBe(accepted);
        const finished = (await server.nodes(runId)).filter(
          ({ nodeId, state }) => nodeId[0] === "w" && state === "finished",
        );
        const consumed = stored.filter(({ consumedBy }) => consumedBy !== null);
        expect(finished.map(({ nodeId, output }) => [nodeId, output])).toEqual(
          consumed.map(({ consumedBy, data }) => [consumedBy!, data]).sort(),
        );
        for (const { name, correlationId = null } of waits) {
          const alike = stored.filter((one) => one.name === name && one.correlationId === correlationId);
          const takers = alike.flatMap(({ consumedBy }) => consumedBy ?? []);
          // None is passed over for a later one, and the waits took them in their own order.
          expect(alike.slice(takers.length).every(({ consumedBy }) => consumedBy === null)).toBe(true);
          expect(takers).toEqual([...takers].sort());
          for (const taker of takers) expect(waits[Number(taker.slice(1))]).toMatchObject({ name });
        }
      },
    );
    await fc.assert(scenario, { numRuns: 10 });
  },
  30_000,
);

function signalsOf(file: string, runId: string): StoredSignal[] {
  const db = new Database(file, { readonly: true });
  const rows = db
    .query<{ data: string }, [string]>(
      `SELECT run_id AS runId, seq, name, correlation_id AS correlationId, data_json AS data,
       received_at_ms AS receivedAtMs, received_by AS receivedBy, consumed_by AS consumedBy,
       consumed_iteration AS consumedIteration FROM _smithers_signals WHERE run_id = ? ORDER BY seq`,
    )
    .all(runId);
  db.close();
  return rows.map((row) => signalSchema.parse({ ...row, data: JSON.parse(row.data) }));
}

/** @jsxImportSource smithers-orchestrator */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  Approval,
  approvalDecisionSchema,
  createSmithers,
  Loop,
  Parallel,
  Timer,
  WaitForEvent,
  Workflow,
} from "smithers-orchestrator";
import { z } from "zod";
import { inStore, type Ran, run } from "../support/run.ts";

/** Each row of the table in docs/editing.md is one of these. */

const { smithers, outputs, Task } = createSmithers({
  decision: approvalDecisionSchema,
  value: z.object({ n: z.number() }),
});
type Element = React.JSX.Element | null;

class Edited {
  readonly ledger: string[] = [];
  ran!: Ran;

  task = (id: string, n = 1): Element => (
    <Task key={id} id={id} output={outputs.value}>
      {() => {
        this.ledger.push(`${id}${n}`);
        return { n };
      }}
    </Task>
  );
  gate = (title = "go?", id = "gate"): Element => (
    <Approval key={id} id={id} output={outputs.decision} request={{ title }} />
  );
  wait = (event: string, id = "wait"): Element => (
    <WaitForEvent key={id} id={id} event={event} output={outputs.value} />
  );

  async run(...tree: Element[]): Promise<Ran> {
    const given = this.ran ? { db: this.ran.db, runId: this.ran.runId, resume: true } : {};
    this.ran = await run(
      smithers(() => <Workflow name="edited">{tree}</Workflow>),
      given,
    );
    return this.ran;
  }

  decide(nodeId = "gate") {
    const { db, runId } = this.ran;
    return inStore(db, (store) => store.decide({ runId, nodeId, status: "granted" }, Date.now()));
  }

  signal(name: string) {
    const { db, runId } = this.ran;
    return inStore(db, (store) => store.receiveSignal({ runId, name, data: { n: 7 } }, Date.now()));
  }
}

const rows: Record<string, (edited: Edited) => Promise<void>> = {
  async "the code of a task that has finished"(e) {
    await e.run(e.task("a"), e.gate());
    await e.run(e.task("a", 2), e.gate());
    expect(e.ledger).toEqual(["a1"]);
    expect(e.ran.outputs.a).toEqual({ n: 1 });
  },
  async "the code of a task that is still to come"(e) {
    await e.run(e.gate(), e.task("a"));
    await e.decide();
    await e.run(e.gate(), e.task("a", 2));
    expect(e.ledger).toEqual(["a2"]);
  },
  async "a literal or an agent instead of a task's function"(e) {
    await e.run(e.task("a"), e.gate());
    const literal = (
      <Task key="a" id="a" output={outputs.value}>
        {{ n: 5 }}
      </Task>
    );
    const agent = (
      <Task key="a" id="a" output={outputs.value} agent={{ generate: () => ({ n: 6 }) }}>
        Again?
      </Task>
    );
    for (const other of [literal, agent]) {
      expect((await e.run(other, e.gate())).outputs.a).toEqual({ n: 1 });
      expect(e.ran.status).toBe("waiting-approval");
    }
  },
  async "a new node before one that has finished"(e) {
    await e.run(e.task("a"), e.gate());
    await e.run(e.task("new"), e.task("a"), e.gate());
    expect(e.ledger).toEqual(["a1", "new1"]);
  },
  async "a node that waits or runs is taken out"(e) {
    await e.run(e.gate(), e.task("a"));
    await e.run(e.task("a"));
    expect(e.ran).toMatchObject({ status: "finished", states: { gate: "cancelled", a: "finished" } });
  },
  async "a node that was taken out is put back"(e) {
    await e.run(e.gate(), e.task("a"));
    await e.run(e.wait("x"));
    await e.run(e.gate(), e.task("a"));
    expect(e.ran.states.gate).toBe("waiting-approval");
    expect(e.ledger).toEqual([]);
  },
  async "a node that has finished is taken out and put back"(e) {
    await e.run(e.task("a"), e.gate());
    await e.run(e.gate());
    await e.run(e.task("a"), e.gate());
    expect(e.ledger).toEqual(["a1"]);
  },
  async "the title, summary, metadata, mode or options of a waiting approval"(e) {
    await e.run(e.gate("to staging?"), e.task("a"));
    await e.decide();
    await e.run(e.gate("to production?"), e.task("a"));
    expect([e.ran.status, e.ledger]).toEqual(["waiting-approval", []]);
    await e.decide();
    await e.run(e.gate("to production?"), e.task("a"));
    expect(e.ledger).toEqual(["a1"]);
  },
  async "the event name or correlation id of a wait"(e) {
    await e.run(e.wait("old"));
    await e.run(e.wait("new"));
    await e.signal("old");
    expect((await e.run(e.wait("new"))).status).toBe("waiting-event");
    await e.signal("new");
    expect((await e.run(e.wait("new"))).status).toBe("finished");
  },
  async "another kind under the id of a node that waits"(e) {
    await e.run(e.wait("x", "g"), e.task("a"));
    await e.run(e.gate("go?", "g"), e.task("a"));
    expect(e.ran.status).toBe("waiting-approval");
    expect(e.ledger).toEqual([]);
  },
  async "another kind under the id of a node that has finished"(e) {
    await e.run(e.task("a"), e.gate());
    await e.run(e.wait("x", "a"), e.gate());
    expect(e.ran).toMatchObject({ status: "failed", error: { code: "NODE_REDEFINED" } });
    expect((await e.run(e.task("a"), e.gate())).status).toBe("waiting-approval");
  },
  async "the duration of a timer that is waiting"(e) {
    // Next to another wait, so that the run parks and this process returns.
    const tree = (duration: "1h" | "2h") => (
      <Parallel key="p">
        {e.gate()}
        <Timer id="nap" duration={duration} />
      </Parallel>
    );
    const before = (await e.run(tree("1h"))).nodes.nap!.wakeAtMs;
    expect((await e.run(tree("2h"))).nodes.nap!.wakeAtMs).toBe(before);
  },
  async "a field with a default in an output's schema"(e) {
    const version = (schema: z.ZodType, read: (a: any) => number) => {
      const api = createSmithers({ decision: approvalDecisionSchema, a: schema, sum: z.object({ n: z.number() }) });
      return api.smithers(() => (
        <Workflow name="edited">
          <api.Task id="a" output={api.outputs.a}>
            {{ n: 1 } as any}
          </api.Task>
          <Approval id="gate" output={api.outputs.decision} request={{ title: "go?" }} />
          <api.Task id="sum" output={api.outputs.sum} deps={{ a: api.outputs.a }}>
            {({ a }: any) => ({ n: read(a) })}
          </api.Task>
        </Workflow>
      ));
    };
    e.ran = await run(version(z.object({ n: z.number() }), ({ n }) => n));
    await e.decide();
    const edited = version(z.object({ n: z.number(), k: z.number().default(40) }), ({ n, k }) => n + k);
    const { outputs: stored } = await run(edited, { db: e.ran.db, runId: e.ran.runId, resume: true });
    expect(stored.sum).toEqual({ n: 41 });
  },
  async "an output's schema that stored outputs do not fit"(e) {
    await e.run(e.task("a"), e.gate());
    const { smithers, outputs, Task } = createSmithers({ value: z.object({ m: z.number() }) });
    const edited = smithers((ctx) => (
      <Workflow name="edited">
        <Task id="a" output={outputs.value}>
          {{ m: 1 }}
        </Task>
        <Task id="b" output={outputs.value}>
          {{ m: ctx.latest(outputs.value, "a")?.m ?? 0 }}
        </Task>
      </Workflow>
    ));
    const { error } = await run(edited, { db: e.ran.db, runId: e.ran.runId, resume: true });
    expect(error).toMatchObject({ code: "STORED_VALUE_OUTDATED", details: { nodeId: "a" } });
  },
  async "a new id for a task that has finished"(e) {
    await e.run(e.task("a"), e.gate());
    await e.run(e.task("a2"), e.gate());
    expect(e.ledger).toEqual(["a1", "a21"]);
  },
  async "the loop around a body is removed"(e) {
    const body = e.task("a");
    await e.run(
      <Loop key="l" id="l" until={false} maxIterations={2}>
        {body}
      </Loop>,
      e.gate(),
    );
    await e.run(body, e.gate());
    expect(e.ledger).toEqual(["a1", "a1"]);
    expect(e.ran.status).toBe("waiting-approval");
  },
  async "a decision on a gate that was taken out meanwhile"(e) {
    await e.run(e.gate(), e.task("a"));
    await e.decide();
    await e.run(e.wait("x"));
    expect(e.ran.states.gate).toBe("cancelled");
    await e.run(e.gate(), e.task("a"));
    expect(e.ledger).toEqual(["a1"]);
  },
  // test/waiting/stuck.test.ts shows it over HTTP.
  async "a file that does not load any more"(e) {
    await e.run(e.gate(), e.task("a"));
    const { db, runId } = e.ran;
    const failure = { code: "WORKFLOW_INVALID", reason: "w.tsx:3:1: Unexpected }", sinceMs: 1 };
    await inStore(db, async (store) => {
      const run = await store.findRun(runId);
      await store.noteWakeFailure(runId, run!.leaseNo, failure);
      expect((await store.findRun(runId))!.wakeFailure).toEqual(failure);
    });
    await e.decide();
    expect(await e.run(e.gate(), e.task("a"))).toMatchObject({ status: "finished", stored: { wakeFailure: null } });
  },
};

const page = readFileSync(join(import.meta.dir, "../../docs/editing.md"), "utf8");
const documented = [...page.matchAll(/^\| (.+?) +\| .+ \|$/gm)]
  .map(([, edit]) => edit!)
  .filter((edit) => edit !== "edit" && !edit.startsWith("-"));

test("the page's table has a row for each of these, and no other", () => {
  expect(documented).toEqual(Object.keys(rows));
});

test.each(Object.keys(rows))("%s", async (row) => {
  await rows[row]!(new Edited());
});

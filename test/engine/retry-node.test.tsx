/** @jsxImportSource smithers-orchestrator */
import { expect, test } from "bun:test";
import { createSmithers, Parallel, Workflow } from "smithers-orchestrator";
import { z } from "zod";
import { Engine, settled } from "../../src/engine/index.ts";
import { openStore } from "../../src/store/index.ts";
import { newDatabase, run } from "../support/run.ts";

const { smithers, outputs, Task } = createSmithers({ result: z.object({ value: z.number() }) });

/** Two tasks side by side that fail until they are repaired, after one that does not. */
function twoBroken() {
  const broken = new Set(["left", "right"]);
  const calls: string[] = [];
  const task = (id: string) => (
    <Task id={id} key={id} output={outputs.result} retries={0}>
      {() => {
        calls.push(id);
        if (broken.has(id)) throw new Error("broken");
        return { value: 1 };
      }}
    </Task>
  );
  const workflow = smithers(() => (
    <Workflow name="test">
      {task("first")}
      <Parallel>
        {task("left")}
        {task("right")}
      </Parallel>
      {task("last")}
    </Workflow>
  ));
  return { broken, calls, workflow };
}

async function withEngine<T>(
  db: string,
  workflow: ReturnType<typeof twoBroken>["workflow"],
  act: (engine: Engine) => T,
) {
  const store = await openStore(db);
  const resolveWorkflow = async () => ({ workflow });
  const engine = new Engine({ store, rootDir: "/", allowNetwork: false, scope: "own", resolveWorkflow });
  try {
    return await act(engine);
  } finally {
    await engine.close();
    await store.close();
  }
}

test("a retry repeats one failed node and leaves the other as it is", async () => {
  const { broken, calls, workflow } = twoBroken();
  const db = newDatabase();
  await run(workflow, { db, runId: "r" });
  calls.length = 0;
  broken.clear();
  await withEngine(db, workflow, async (engine) => {
    await engine.retry({ runId: "r", nodeId: "left" });
    expect(await settled(engine, "r")).toMatchObject({ status: "failed", error: { nodeId: "right" } });
    expect(calls).toEqual(["left"]);
    await engine.retry({ runId: "r", nodeId: "right" });
    expect(await settled(engine, "r")).toMatchObject({ status: "finished" });
    expect(calls).toEqual(["left", "right", "last"]);
  });
});

test("only a failed node of a run that has not ended for good can be retried", async () => {
  const { broken, calls, workflow } = twoBroken();
  const db = newDatabase();
  await run(workflow, { db, runId: "r" });
  calls.length = 0;
  await withEngine(db, workflow, async (engine) => {
    const codeOf = (nodeId: string, runId = "r") =>
      engine.retry({ runId, nodeId }).then(
        () => "none",
        (error) => error.code,
      );
    expect(await codeOf("left", "unknown")).toBe("RUN_NOT_FOUND");
    expect(await codeOf("unknown")).toBe("NODE_NOT_FOUND");
    expect(await codeOf("first")).toBe("NODE_NOT_FAILED");
    expect(await codeOf("last")).toBe("NODE_NOT_FAILED");
    broken.clear();
    await engine.resume("r");
    await settled(engine, "r");
    expect(await codeOf("left")).toBe("RUN_NOT_ACTIVE");
  });
  expect(calls).toEqual(["left", "right", "last"]);
});

import { expect, test } from "bun:test";
import { folder } from "../support/folder.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";
import { workflowFile } from "../support/workflows.ts";

const rounds = workflowFile(
  `<Loop id="l" until={ctx.iterationCount("result", "step") >= 5} maxIterations={9}>
    <WaitForEvent id="w" event="go" output={outputs.result} />
    <Task id="step" output={outputs.result}>{async () => { await new Promise((r) => setTimeout(r, 12)); return { value: 1 }; }}</Task>
  </Loop>`,
);

test("runs that are parked and continued during heartbeats are not taken for lost", async () => {
  const warned: string[] = [];
  const logger = { debug() {}, info() {}, warn: (_: object, message: string) => warned.push(message), error() {} };
  const server = await serve(folder({ "rounds.tsx": rounds }), {
    heartbeatMs: 10,
    synchronous: "normal",
    logger: { ...logger, error: logger.warn },
  });
  const runIds = await Promise.all(Array.from({ length: 12 }, () => server.start("rounds.tsx")));
  await Promise.all(
    runIds.map(async (runId) => {
      for await (const { event } of server.events(runId)) {
        expect(event.type).not.toBe("NodeRetrying");
        if (event.type === "NodeWaitingEvent") {
          void server.signals.send(runId, "go", { data: { value: 1 } });
        }
      }
      expect((await server.run(runId)).status).toBe("finished");
    }),
  );
  expect(warned).toEqual([]);
});

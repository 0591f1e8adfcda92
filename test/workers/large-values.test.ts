import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { eventually } from "../support/eventually.ts";
import { folder } from "../support/folder.ts";
import { ServerProcess } from "../support/process.ts";
import { workersOf } from "../support/worker-processes.ts";
import { workflowFile } from "../support/workflows.ts";

const count = 24;
const megabytes = 5;
// All results come in the same moment. What follows reads the last one, and how many there are.
const flow = workflowFile(
  `<Sequence>
    <Parallel maxConcurrency={${count}}>
      {Array.from({ length: ${count} }, (_, n) => (
        <Task key={n} id={"big" + n} output={outputs.big}>
          {async () => {
            await new Promise((resolve) => setTimeout(resolve, 200));
            return { text: String(n % 10).repeat(${megabytes} * 1024 ** 2) };
          }}
        </Task>
      ))}
    </Parallel>
    <WaitForEvent id="go" event="go" output={outputs.result} />
    <Task id="last" output={outputs.result} deps={{ big${count - 1}: outputs.big }}>
      {({ big${count - 1}: { text } }) => ({ value: text.slice(-3) })}
    </Task>
  </Sequence>`,
  { schemas: "big: z.object({ text: z.string() }), result: z.object({ value: z.any() })" },
);

test("large values pass between a worker and its server a few at a time, and a run continues without them", async () => {
  const server = await ServerProcess.start(folder({ "flow.tsx": flow }));
  const [worker] = await eventually(() =>
    workersOf(server.child.pid!).length > 0 ? workersOf(server.child.pid!) : undefined,
  );
  await eventually(async () => (await server.get("/health")).status === 200);
  const idle = peakMb(server.child.pid!);
  resetPeak(server.child.pid!);
  const runId = await server.start("flow.tsx", {}, { config: { maxConcurrency: count } });
  await server.until(runId, (event) => event.type === "RunStatusChanged" && event.status === "waiting-event");
  expect(peakMb(server.child.pid!) - idle).toBeLessThan(150);

  process.kill(worker!, "SIGKILL");
  const [next] = await eventually(() => {
    const others = workersOf(server.child.pid!).filter((pid) => pid !== worker);
    return others.length > 0 ? others : undefined;
  });
  await server.post(`/v1/runs/${runId}/signals/go`, { data: { value: 1 } });
  const { status, output } = await server.end(runId);
  expect({ status, output }).toMatchObject({ status: "finished", output: { value: "333" } });
  expect(peakMb(next!)).toBeLessThan(200);
});

function resetPeak(pid: number): void {
  // See proc_pid_clear_refs(5).
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
}

/** Largest resident memory of a process, in MB. */
function peakMb(pid: number): number {
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]) / 1024;
}

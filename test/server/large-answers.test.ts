import { expect, test } from "bun:test";
import { folder } from "../support/folder.ts";
import { rawSocket } from "../support/raw.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";
import { workflowFile } from "../support/workflows.ts";

// Pairs of surrogates begin at odd places, so that one of them is at the end of a slice whatever its length.
const text = `x${"👩é".repeat(1_000_000)}"\n`;
const big = workflowFile(
  `<Task id="a" output={outputs.result}>{() => ({ value: "x" + "👩é".repeat(1_000_000) + '"' + String.fromCharCode(10) })}</Task>`,
);

test("a large output is read whole, in a node's detail and in the run's, also by others when a reader leaves", async () => {
  const server = await serve(folder({ "big.tsx": big }));
  const runId = await server.start("big.tsx");
  await server.until(runId, ({ type }) => type === "RunFinished");
  const socket = await rawSocket(server.url);
  socket.write(`GET /v1/runs/${runId}/nodes/a HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  await new Promise((resolve) => socket.once("data", resolve));
  socket.destroy();
  for (const path of ["/nodes/a", ""]) {
    const response = await fetch(`${server.url}/v1/runs/${runId}${path}`);
    const bytes = await response.bytes();
    expect(response.headers.get("content-length")).toBe(String(bytes.length));
    const { output } = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    expect(output.value === text).toBe(true);
  }
});

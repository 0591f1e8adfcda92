import { expect, test } from "bun:test";
import { once } from "node:events";
import type { Socket } from "node:net";
import { folder } from "../support/folder.ts";
import { rawSocket } from "../support/raw.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";
import type { Wire } from "../support/wire.ts";
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
  const leaving = await ask(server.url, `/v1/runs/${runId}/nodes/a`);
  await once(leaving, "data");
  leaving.destroy();
  for (const path of ["/nodes/a", ""]) await readWhole(server, `/v1/runs/${runId}${path}`);
  expect((await server.request("HEAD", `/v1/runs/${runId}`)).status).toBe(200);

  // Together they are much larger than what a server keeps in memory for answers.
  const stalled = await Promise.all(
    Array.from({ length: 6 }, async () => {
      const socket = await ask(server.url, `/v1/runs/${runId}/nodes/a`);
      socket.pause();
      return socket;
    }),
  );
  await readWhole(server, `/v1/runs/${runId}/nodes/a`);
  const late = stalled.slice(0, 3).map(bodyOf);
  for (const socket of stalled.slice(3)) socket.destroy();
  for (const body of await Promise.all(late)) expectOutput(body);
});

async function ask(url: string, path: string): Promise<Socket> {
  const socket = await rawSocket(url);
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  return socket;
}

async function bodyOf(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk);
  const answer = Buffer.concat(chunks);
  return answer.subarray(answer.indexOf("\r\n\r\n") + 4);
}

async function readWhole(server: Wire, path: string): Promise<void> {
  const response = await server.send("GET", path);
  const bytes = await response.bytes();
  const length = response.headers.get("content-length");
  if (length !== null) expect(length).toBe(String(bytes.length));
  expectOutput(bytes);
}

function expectOutput(bytes: Uint8Array): void {
  const { output } = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  expect(output.value === text).toBe(true);
}

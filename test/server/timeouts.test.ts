import { expect, test } from "bun:test";
import type { Socket } from "node:net";
import { folder } from "../support/folder.ts";
import { rawSocket, readToEnd } from "../support/raw.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";
import { workflowFile } from "../support/workflows.ts";

const waiting = workflowFile(`<WaitForEvent id="w" event="go" output={outputs.result} />`);

test("the timeouts are 30 and 60 seconds unless options say otherwise", async () => {
  const { server } = await serve(folder());
  expect([server.headersTimeout, server.requestTimeout]).toEqual([30_000, 60_000]);
});

/** Sends something small again and again until the connection ends. */
function drip(socket: Socket, text: string): void {
  const timer = setInterval(() => socket.write(text), 20);
  socket.on("close", () => clearInterval(timer));
}

test("an idle connection is kept for longer than a client or a proxy keeps it", async () => {
  const { server } = await serve(folder());
  expect(server.keepAliveTimeout).toBeGreaterThan(60_000);
});

test("headersTimeout ends a connection whose headers only drip in", async () => {
  const server = await serve(folder(), { headersTimeout: 200 });
  const socket = await rawSocket(server.url);
  socket.write("GET /health HTTP/1.1\r\nHost: localhost\r\n");
  drip(socket, "X-A: b\r\n");
  const answer = await readToEnd(socket);
  expect(answer).toStartWith("HTTP/1.1 408 ");
  expect(answer).toContain('"code":"REQUEST_TIMEOUT"');
});

test("requestTimeout ends a connection whose body only drips in", async () => {
  const server = await serve(folder(), { headersTimeout: 200, requestTimeout: 300 });
  const socket = await rawSocket(server.url);
  socket.write("POST /v1/runs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n{");
  drip(socket, " ");
  expect(await readToEnd(socket)).toContain('"code":"REQUEST_TIMEOUT"');
  expect((await server.get("/health")).status).toBe(200);
});

test("an open event stream outlives both timeouts", async () => {
  const server = await serve(folder({ "wait.tsx": waiting }), { headersTimeout: 100, requestTimeout: 100 });
  const runId = await server.start("wait.tsx");
  const ended = server.end(runId);
  await Bun.sleep(500);
  await server.signals.send(runId, "go", { data: { value: 1 } });
  expect((await ended).status).toBe("finished");
});

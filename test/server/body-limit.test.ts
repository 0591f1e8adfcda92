import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { folder } from "../support/folder.ts";
import { recordedErrors } from "../support/log.ts";
import { ServerProcess, withoutWorkers } from "../support/process.ts";
import { rawSocket, readToEnd, readUntil } from "../support/raw.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";
import { echo } from "../support/workflows.ts";

const body = (bytes: number) => {
  const empty = JSON.stringify({ workflowPath: "echo.tsx", input: { msg: "" } }).length;
  return JSON.stringify({ workflowPath: "echo.tsx", input: { msg: "x".repeat(bytes - empty) } });
};

test("a body of exactly the limit is accepted, and one byte more is refused", async () => {
  const server = await serve(folder({ "echo.tsx": echo }), { maxBodyBytes: 500 });
  expect((await server.post("/v1/runs", body(500))).status).toBe(200);
  const { status, body: answer } = await server.post("/v1/runs", body(501));
  expect([status, answer.error.code]).toEqual([413, "PAYLOAD_TOO_LARGE"]);
  expect(answer.error.message).toContain("500");
});

test("a Content-Length over the limit is refused before the body arrives, and the connection closes", async () => {
  const server = await serve(folder({ "echo.tsx": echo }), { maxBodyBytes: 500 });
  const socket = await rawSocket(server.url);
  socket.write(
    "POST /v1/runs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 5000000\r\n\r\n{",
  );
  const answer = await readUntil(socket, "PAYLOAD_TOO_LARGE");
  expect(answer).toStartWith("HTTP/1.1 413");
  expect(answer.toLowerCase()).toContain("\r\nconnection: close\r\n");
});

test("a chunked body is cut off at the limit although the client keeps sending", async () => {
  const server = await serve(folder({ "echo.tsx": echo }), { maxBodyBytes: 10_000 });
  const socket = await rawSocket(server.url);
  const answer = readUntil(socket, "PAYLOAD_TOO_LARGE");
  socket.write("POST /v1/runs HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (let sent = 0; sent < 20_000; sent += 1_000) socket.write(`3e8\r\n${"x".repeat(1_000)}\r\n`);
  expect(await answer).toStartWith("HTTP/1.1 413");
  expect((await server.get("/health")).status).toBe(200);
});

test("a client that sends a hundred megabytes does not cost the server as much memory", async () => {
  const server = await ServerProcess.start(folder({ "echo.tsx": echo }), withoutWorkers);
  const before = peakMemoryKb(server.child.pid!);
  const socket = await rawSocket(server.url);
  socket.resume();
  const gone = new Promise((resolve) => socket.on("close", resolve));
  socket.write("POST /v1/runs HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
  const chunk = `100000\r\n${"x".repeat(1_048_576)}\r\n`;
  for (let sent = 0; sent < 100 && !socket.destroyed; sent += 1) {
    // Either the server takes it and throws it away, or it ends the connection.
    if (!socket.write(chunk)) await Promise.race([new Promise((resolve) => socket.once("drain", resolve)), gone]);
  }
  expect(peakMemoryKb(server.child.pid!) - before).toBeLessThan(50_000);
  expect((await server.complete("echo.tsx", { msg: 1 })).status).toBe("finished");
});

function peakMemoryKb(pid: number): number {
  return Number(/^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]);
}

test("a truncated body starts no run and causes no server error", async () => {
  const { logger, errors } = recordedErrors();
  const server = await serve(folder({ "echo.tsx": echo }), { logger });
  const socket = await rawSocket(server.url);
  socket.end('POST /v1/runs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500\r\n\r\n{"workflowPath":"echo.tsx"');
  await readToEnd(socket);
  expect(await server.allRuns()).toEqual([]);
  expect(errors).toEqual([]);
});

import { expect, test } from "bun:test";
import { folder } from "../support/folder.ts";
import { rawSocket, readToEnd } from "../support/raw.ts";
import { serve } from "../support/server.ts";
import { workflowFile } from "../support/workflows.ts";

const waiting = workflowFile(`<WaitForEvent id="w" event="go" output={outputs.result} />`);

test("the timeouts are 30 and 60 seconds unless options say otherwise", async () => {
  const { server } = await serve(folder());
  expect([server.headersTimeout, server.requestTimeout]).toEqual([30_000, 60_000]);
});

test("headersTimeout ends a connection whose headers do not come", async () => {
  const server = await serve(folder(), { headersTimeout: 200 });
  const socket = await rawSocket(server.url);
  const began = performance.now();
  socket.write("GET /health HTTP/1.1\r\nHost: x\r\n");
  await readToEnd(socket);
  expect(performance.now() - began).toBeWithin(150, 1_500);
});

test("requestTimeout ends a connection whose body does not come", async () => {
  const server = await serve(folder(), { headersTimeout: 200, requestTimeout: 300 });
  const socket = await rawSocket(server.url);
  const began = performance.now();
  socket.write("POST /v1/runs HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{");
  await readToEnd(socket);
  expect(performance.now() - began).toBeWithin(250, 1_500);
  expect((await server.get("/health")).status).toBe(200);
});

test("an open event stream outlives both", async () => {
  const server = await serve(folder({ "wait.tsx": waiting }), { headersTimeout: 100, requestTimeout: 100 });
  const runId = await server.start("wait.tsx");
  const ended = server.end(runId);
  await Bun.sleep(500);
  await server.post(`/v1/runs/${runId}/signals/go`, { data: { value: 1 } });
  expect((await ended).status).toBe("finished");
});

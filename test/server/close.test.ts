import { expect, test } from "bun:test";
import { once } from "node:events";
import { folder } from "../support/folder.ts";
import { rawSocket, readUntil } from "../support/raw.ts";
import { serve, serveWithoutWorkers, type TestServer } from "../support/server.ts";
import { workflowFile } from "../support/workflows.ts";

const wait = workflowFile(`<WaitForEvent id="w" event="go" output={outputs.result} />`);
const slow = workflowFile(
  `<Task id="slow" output={outputs.result}>{async () => { if (existsSync(ctx.input.gate)) return { value: "again" }; await new Promise(() => {}); return { value: 1 }; }}</Task>`,
);

/** At most so long takes a close that waits for no client, also on a busy machine, in ms. */
const promptMs = 20_000;

async function msToClose(server: TestServer): Promise<number> {
  const began = performance.now();
  await server.close();
  return performance.now() - began;
}

test("close ends open event streams properly, and calls back promptly", async () => {
  const server = await serveWithoutWorkers(folder({ "wait.tsx": wait }));
  const runId = await server.start("wait.tsx");
  const socket = await rawSocket(server.url);
  socket.write(`GET /v1/runs/${runId}/events HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  const text = await new Promise<string>((resolve) => {
    let all = "";
    socket.on("data", (chunk) => {
      all += chunk;
      if (all.includes("waiting-event") && server.server.listening) void server.close();
    });
    socket.on("close", () => resolve(all));
  });
  // The last chunk of a chunked answer: a client can tell this from a connection that broke.
  expect(text).toEndWith("0\r\n\r\n");
});

test("close does not wait for idle connections", async () => {
  const server = await serveWithoutWorkers(folder());
  const socket = await rawSocket(server.url);
  socket.write("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await readUntil(socket, '{"ok":true}');
  expect(await msToClose(server)).toBeLessThan(promptMs);
});

test("close does not wait for a reader that never reads", async () => {
  const large = workflowFile(`<Parallel>
    {Array.from({ length: 200 }, (_, n) => <Task key={n} id={\`t\${n}\`} output={outputs.result} noRetry continueOnFail>{() => { throw new Error("x".repeat(60_000)); }}</Task>)}
  </Parallel>`);
  const server = await serveWithoutWorkers(folder({ "large.tsx": large }), { synchronous: "normal" });
  const { runId } = await server.complete("large.tsx");
  const socket = await rawSocket(server.url);
  socket.pause();
  socket.write(`GET /v1/runs/${runId}/events HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  await server.get("/health");
  expect(await msToClose(server)).toBeLessThan(promptMs);
});

test("close does not wait for a request that is never complete", async () => {
  const server = await serveWithoutWorkers(folder());
  const socket = await rawSocket(server.url);
  socket.write("POST /v1/runs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{");
  await server.get("/health");
  expect(await msToClose(server)).toBeLessThan(promptMs);
});

test("close aborts what runs after the grace period, and the next start runs it again", async () => {
  const root = folder({ "slow.tsx": slow });
  const first = await serve(root);
  const runId = await first.start("slow.tsx", { gate: `${root}/gate` });
  await first.until(runId, ({ type }) => type === "NodeStarted");
  expect(await msToClose(first)).toBeWithin(150, promptMs);
  await Bun.write(`${root}/gate`, "");
  const second = await serve(root);
  expect(await second.end(runId)).toMatchObject({ status: "finished", output: { value: "again" } });
});

test("after close no request is answered, and closing again calls back at once", async () => {
  const server = await serveWithoutWorkers(folder());
  const closed = once(server.server, "close");
  await server.close();
  await closed;
  await expect(fetch(`${server.url}/health`)).rejects.toThrow();
  await new Promise((resolve) => server.server.close(resolve));
});

test("close does not wait for a socket that sent nothing", async () => {
  const server = await serveWithoutWorkers(folder());
  await rawSocket(server.url);
  expect(await msToClose(server)).toBeLessThan(promptMs);
});

test("while the server closes, new runs are refused with 503 and Retry-After, and decisions are still accepted", async () => {
  const root = folder({
    "slow.tsx": slow,
    "ask.tsx": workflowFile(`<Approval id="ok" output={outputs.decision} request={{ title: "?" }} />`, {
      schemas: "decision: approvalDecisionSchema",
    }),
  });
  const server = await serveWithoutWorkers(root, { shutdownGraceMs: 1_500 });
  const runId = await server.start("slow.tsx", { gate: `${root}/gate` });
  const asking = await server.start("ask.tsx");
  await server.until(asking, ({ type }) => type === "NodeWaitingApproval");
  await server.until(runId, ({ type }) => type === "NodeStarted");
  const socket = await rawSocket(server.url);
  const ask = async (path: string, body: object) => {
    const text = JSON.stringify(body);
    socket.write(
      `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
    );
    return readUntil(socket, "}");
  };
  socket.write("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await readUntil(socket, '{"ok":true}');
  const closed = server.close();
  const refused = await ask("/v1/runs", { workflowPath: "slow.tsx" });
  expect(refused).toContain("HTTP/1.1 503");
  expect(refused.toLowerCase()).toContain("retry-after: 1");
  expect(refused).toContain("SERVER_CLOSING");
  expect(await ask(`/v1/runs/${asking}/nodes/ok/approve`, {})).toContain("HTTP/1.1 200");
  await closed;
  const second = await serveWithoutWorkers(root);
  expect((await second.end(asking)).status).toBe("finished");
  expect((await second.run(runId)).status).toBe("running");
});

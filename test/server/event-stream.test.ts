import { describe, expect, spyOn, test } from "bun:test";
import { Feed } from "../../src/engine/index.ts";
import { eventually } from "../support/eventually.ts";
import { folder } from "../support/folder.ts";
import { rawSocket, readUntil } from "../support/raw.ts";
import { serve } from "../support/server.ts";
import { echo, workflowFile } from "../support/workflows.ts";

const wait = workflowFile(`
  <Task id="a" output={outputs.result}>{() => ({ value: "line\\nbreak" })}</Task>
  <WaitForEvent id="w" event="go" output={outputs.result} />`);

const idsOf = (text: string) => [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));
const count = (length: number, first = 1) => Array.from({ length }, (_, index) => index + first);

async function finished() {
  const server = await serve(folder({ "echo.tsx": echo }));
  const { runId } = await server.complete("echo.tsx", { msg: "x" });
  const text = async (query = "", headers = {}) =>
    (await server.get(`/v1/runs/${runId}/events${query}`, headers)).body as string;
  return { server, runId, text };
}

describe("the stream of a run that has ended", () => {
  test("is server-sent events: retry first, then id, event and one line of JSON each", async () => {
    const { server, runId, text } = await finished();
    const { headers } = await server.get(`/v1/runs/${runId}/events`);
    expect(headers.get("content-type")).toBe("text/event-stream");
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("x-request-id")).toBeString();
    const blocks = (await text()).split("\n\n");
    expect(blocks.shift()).toBe("retry: 1000");
    expect(blocks.pop()).toBe("");
    blocks.forEach((block, index) => {
      const [id, event, data, ...others] = block.split("\n");
      expect([id, event, others]).toEqual([`id: ${index + 1}`, "event: smithers", []]);
      expect(JSON.parse(data!.replace(/^data: /, ""))).toMatchObject({
        type: expect.any(String),
        runId,
        timestampMs: expect.any(Number),
      });
    });
    expect(blocks.at(-1)).toContain('"type":"RunFinished"');
  });

  test("is the same each time", async () => {
    const { text } = await finished();
    expect(await text()).toBe(await text());
  });

  test("names node and attempt where an event has them", async () => {
    const { server, runId } = await finished();
    const { event } = await server.until(runId, ({ type }) => type === "NodeStarted");
    expect(event).toMatchObject({ nodeId: "say", iteration: 0, attempt: 1 });
  });

  test("begins after afterSeq", async () => {
    const { text } = await finished();
    const all = idsOf(await text());
    expect(all).toEqual(count(all.length));
    expect(idsOf(await text("?afterSeq=0"))).toEqual(all);
    expect(idsOf(await text("?afterSeq=3"))).toEqual(all.slice(3));
  });

  test("begins after Last-Event-ID, which goes before afterSeq", async () => {
    const { text } = await finished();
    const all = idsOf(await text());
    expect(idsOf(await text("", { "last-event-id": "4" }))).toEqual(all.slice(4));
    expect(idsOf(await text("?afterSeq=1", { "last-event-id": "4" }))).toEqual(all.slice(4));
    expect(idsOf(await text("?afterSeq=1", { "last-event-id": "" }))).toEqual(all.slice(1));
  });

  test.each(["?afterSeq=1000", "?afterSeq=7"])("closes at once when there is nothing after %s", async (query) => {
    const { text } = await finished();
    expect(await text(query)).toBe("retry: 1000\n\n");
  });
});

describe("the stream of a run in progress", () => {
  test("gives what is stored, then pushes what is committed, then closes", async () => {
    const server = await serve(folder({ "wait.tsx": wait }));
    const runId = await server.start("wait.tsx");
    await server.until(runId, ({ type }) => type === "NodeWaitingEvent");
    const types: string[] = [];
    const ids: number[] = [];
    for await (const { id, event } of server.events(runId)) {
      ids.push(id);
      types.push(event.type);
      if (event.type === "RunStatusChanged" && event.status === "waiting-event") {
        void server.post(`/v1/runs/${runId}/signals/go`, { data: { value: 1 } });
      }
    }
    expect(ids).toEqual(count(ids.length));
    expect(types[0]).toBe("RunStarted");
    expect(types.at(-1)).toBe("RunFinished");
  });

  test("is complete for each of many readers, whenever they come", async () => {
    const server = await serve(
      folder({
        "many.tsx": workflowFile(
          `<Loop id="l" until={ctx.iterationCount("result", "t") >= 60} maxIterations={99}><Task id="t" output={outputs.result}>{async () => { await new Promise((r) => setTimeout(r, 1)); return { value: 1 }; }}</Task></Loop>`,
        ),
      }),
    );
    const runId = await server.start("many.tsx");
    const read = async () => (await server.get(`/v1/runs/${runId}/events`)).body as string;
    const early = [read(), read(), read()];
    await server.until(runId, (event) => event.type === "NodeStarted" && event.iteration === 30);
    const texts = await Promise.all([...early, read(), read()]);
    expect((await server.run(runId)).status).toBe("finished");
    const last = idsOf(texts[0]!).length;
    for (const text of texts) expect(idsOf(text)).toEqual(count(last));
    expect(new Set(texts).size).toBe(1);
  });

  test("goes on where a reader stopped", async () => {
    const server = await serve(folder({ "wait.tsx": wait }));
    const runId = await server.start("wait.tsx");
    const { id } = await server.until(runId, ({ type }) => type === "NodeWaitingEvent");
    await server.post(`/v1/runs/${runId}/signals/go`, { data: { value: 1 } });
    const rest = idsOf((await server.get(`/v1/runs/${runId}/events`, { "last-event-id": String(id) })).body);
    expect(rest).toEqual(count(rest.length, id + 1));
    expect(rest.length).toBeGreaterThan(2);
  });

  test("after a resume, shows both ends", async () => {
    const root = folder();
    const gate = `${root}/gate`;
    const server = await serve(
      folder({
        "flaky.tsx": workflowFile(
          `<Task id="a" output={outputs.result} noRetry>{() => { if (!existsSync("${gate}")) throw new Error("no"); return { value: 1 }; }}</Task>`,
        ),
      }),
    );
    const { runId } = await server.complete("flaky.tsx");
    await Bun.write(gate, "");
    await server.post(`/v1/runs/${runId}/resume`);
    const text: string = (await server.get(`/v1/runs/${runId}/events`)).body;
    expect(idsOf(text)).toEqual(count(idsOf(text).length));
    expect(text).toContain('"type":"RunFailed"');
    expect(text).toContain('"type":"RunFinished"');
  });
});

test("a reader that goes away is forgotten", async () => {
  const server = await serve(folder({ "wait.tsx": wait }));
  const runId = await server.start("wait.tsx");
  const sockets = await Promise.all(
    count(20).map(async () => {
      const socket = await rawSocket(server.url);
      socket.write(`GET /v1/runs/${runId}/events HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
      await readUntil(socket, "NodeWaitingEvent");
      return socket;
    }),
  );
  const connections = () => new Promise<number>((resolve) => server.server.getConnections((_, open) => resolve(open)));
  expect(await connections()).toBeGreaterThanOrEqual(20);
  for (const socket of sockets) socket.destroy();
  await eventually(async () => (await connections()) <= 2);
  await server.post(`/v1/runs/${runId}/signals/go`, { data: { value: 1 } });
  expect((await server.end(runId)).status).toBe("finished");
});

test("HEAD tells what a stream is and leaves no reader behind", async () => {
  const follow = spyOn(Feed.prototype, "follow");
  const server = await serve(folder({ "wait.tsx": wait }));
  const runId = await server.start("wait.tsx");
  const { status, headers, body } = await server.request("HEAD", `/v1/runs/${runId}/events`);
  expect([status, headers.get("content-type"), body]).toEqual([200, "text/event-stream", ""]);
  expect(follow).not.toHaveBeenCalled();
  follow.mockRestore();
});

test("a stream says in its head which event was the last when it was opened", async () => {
  const { server, runId, text } = await finished();
  const { headers } = await server.get(`/v1/runs/${runId}/events?afterSeq=2`);
  expect(headers.get("x-last-seq")).toBe(String(idsOf(await text()).length));
});

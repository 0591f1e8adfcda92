import { describe, expect, test } from "bun:test";
import type { Frame } from "../../src/model/index.ts";
import { file, target } from "./target.ts";

const idsOf = (text: string) => [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));
const count = (length: number, first = 1) => Array.from({ length }, (_, index) => index + first);

async function finished() {
  const { runId } = await target.complete(file("echo"));
  const read = async (query = "", headers = {}) => target.get(`/v1/runs/${runId}/events${query}`, headers);
  return { runId, read };
}

describe("the stream of a run that has ended", () => {
  test("is server-sent events: retry first, then id, event and one line of JSON each", async () => {
    const { runId, read } = await finished();
    const { headers, body } = await read();
    expect([headers.get("content-type"), headers.get("cache-control")]).toEqual(["text/event-stream", "no-store"]);
    expect(headers.get("x-request-id")).toBeString();
    const blocks = body.split("\n\n");
    expect([blocks.shift(), blocks.pop()]).toEqual(["retry: 1000", ""]);
    blocks.forEach((block: string, index: number) => {
      const [id, event, data, ...others] = block.split("\n");
      expect([id, event, others]).toEqual([`id: ${index + 1}`, "event: smithers", []]);
      expect(JSON.parse(data!.replace(/^data: /, ""))).toMatchObject({
        type: expect.any(String),
        runId,
        timestampMs: expect.any(Number),
      });
    });
    expect(blocks.at(-1)).toContain('"type":"RunFinished"');
    expect((await read()).body).toBe(body);
  });

  test("begins after afterSeq or Last-Event-ID, the header first, and closes also when nothing is left", async () => {
    const { read } = await finished();
    const ids = async (query = "", headers = {}) => idsOf((await read(query, headers)).body);
    const all = await ids();
    expect(all).toEqual(count(all.length));
    expect(await ids("?afterSeq=0")).toEqual(all);
    expect(await ids("?afterSeq=3")).toEqual(all.slice(3));
    expect(await ids("", { "last-event-id": "4" })).toEqual(all.slice(4));
    expect(await ids("?afterSeq=1", { "last-event-id": "4" })).toEqual(all.slice(4));
    expect(await ids("?afterSeq=1", { "last-event-id": "" })).toEqual(all.slice(1));
    for (const last of [all.length, 1_000_000]) {
      const { headers, body } = await read(`?afterSeq=${last}`);
      expect([body, headers.get("x-last-seq")]).toEqual(["retry: 1000\n\n", String(all.length)]);
    }
  });

  test("has an event for each frame, of the same number and hash", async () => {
    const { runId } = await finished();
    const told: unknown[] = [];
    for await (const { event } of target.events(runId)) {
      if (event.type === "FrameCommitted") told.push([event.frameNo, event.xmlHash]);
    }
    const { body } = await target.get(`/v1/runs/${runId}/frames?order=asc`);
    expect(body.map(({ frameNo, xmlHash }: Frame) => [frameNo, xmlHash])).toEqual(told);
  });

  test("describes what happened to its nodes: iteration and attempt where an event has them", async () => {
    const { runId } = await finished();
    const told: unknown[] = [];
    for await (const { event } of target.events(runId)) {
      if ("nodeId" in event && event.nodeId === "say") told.push(event);
    }
    expect(told).toMatchObject([
      { type: "NodePending", nodeId: "say", iteration: 0 },
      { type: "NodeStarted", nodeId: "say", iteration: 0, attempt: 1 },
      { type: "NodeFinished", nodeId: "say", iteration: 0, attempt: 1 },
    ]);
  });
});

test("the stream of a run in progress sends stored events, then new ones, in order, each once, and closes", async () => {
  const runId = await target.startUntil("wait", "NodeWaitingEvent");
  const ids: number[] = [];
  const types: string[] = [];
  for await (const { id, event } of target.events(runId)) {
    ids.push(id);
    types.push(event.type);
    if (event.type === "RunStatusChanged" && event.status === "waiting-event") {
      void target.post(`/v1/runs/${runId}/signals/paid%2Fnow`, { data: { value: 1 } });
    }
  }
  expect(ids).toEqual(count(ids.length));
  expect([types[0], types.at(-1)]).toEqual(["RunStarted", "RunFinished"]);
  expect(types).toContain("SignalReceived");
});

test("a reader that reconnects gets the rest, and nothing twice", async () => {
  const runId = await target.startUntil("wait", "NodeWaitingEvent");
  const { id } = await target.until(runId, ({ type }) => type === "NodeWaitingEvent");
  await target.post(`/v1/runs/${runId}/signals/paid%2Fnow`, { data: { value: 1 } });
  const rest = idsOf((await target.get(`/v1/runs/${runId}/events`, { "last-event-id": String(id) })).body);
  expect(rest).toEqual(count(rest.length, id + 1));
  expect(rest.length).toBeGreaterThan(2);
});

test("a reconnect with nothing left of a run that has ended is 204, and of one that continues a stream", async () => {
  const { read } = await finished();
  const last = Number((await read()).headers.get("x-last-seq"));
  const { status, headers, body } = await read("", { "last-event-id": String(last) });
  expect([status, body, headers.get("content-type"), headers.get("x-last-seq")]).toEqual([204, "", null, String(last)]);
  expect((await read("", { "last-event-id": String(last - 1) })).status).toBe(200);
  const waiting = await target.startUntil("wait", "NodeWaitingEvent");
  const { id } = await target.until(waiting, ({ type }) => type === "RunStatusChanged");
  const left = target.until(waiting, ({ type }) => type === "SignalReceived", id);
  await target.post(`/v1/runs/${waiting}/signals/paid%2Fnow`, { data: { value: 1 } });
  expect((await left).id).toBe(id + 1);
  const failed = await target.complete(file("fails-once"));
  const failedRead = (seq: string) => target.get(`/v1/runs/${failed.runId}/events`, { "last-event-id": seq });
  expect((await failedRead("1000")).status).toBe(204);
  await target.post(`/v1/runs/${failed.runId}/resume`);
  expect((await failedRead("5")).body).toContain('"type":"RunFinished"');
});

test("a run that was resumed shows both ends", async () => {
  const { runId } = await target.complete(file("fails-once"));
  await target.post(`/v1/runs/${runId}/resume`);
  const { body } = await target.get(`/v1/runs/${runId}/events`);
  expect(idsOf(body)).toEqual(count(idsOf(body).length));
  for (const type of ["RunFailed", "RunFinished"]) expect(body).toContain(`"type":"${type}"`);
});

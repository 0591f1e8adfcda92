import { expect, test } from "bun:test";
import { isSmithersError, SmithersError } from "../../src/errors/index.ts";
import { Channel, type Port } from "../../src/workers/channel.ts";

type Adder = {
  add(a: number, b: number): Promise<number>;
  note(text: string): void;
  fail(how: "code" | "plain" | "value"): void;
  strange(): unknown;
  echo(value: unknown): unknown;
};

/** The messages of a packet that JSON carries. */
function messagesOf(packet: unknown): unknown[] {
  return JSON.parse(packet as string);
}

/** Two ends in this process. Packets are copied as they are between processes. */
function connected(answers: Partial<Adder> = {}) {
  const packets: unknown[] = [];
  const ends = [0, 1].map((): { hear(packet: unknown): void } => ({ hear: () => {} }));
  const port = (own: number): Port => ({
    send(packet) {
      packets.push(packet);
      const copy = structuredClone(packet);
      queueMicrotask(() => ends[1 - own]!.hear(copy));
    },
    onMessage(listener) {
      ends[own]!.hear = listener;
    },
  });
  const noted: string[] = [];
  const far: Adder = {
    add: async (a, b) => a + b,
    note: (text) => void noted.push(text),
    fail(how) {
      if (how === "code") throw new SmithersError("INVALID_INPUT", "It does not fit.", { details: { issues: [1] } });
      throw how === "plain" ? new RangeError("out of range") : "a text";
    },
    strange: () => () => {},
    echo: (value) => value,
    ...answers,
  };
  const near = new Channel<Record<never, never>, Adder>(port(0), {});
  new Channel<Adder, Record<never, never>>(port(1), far);
  return { near, noted, packets, hearFar: (packet: unknown) => ends[1]!.hear(packet) };
}

test("calls of one turn of the event loop travel together and begin in order", async () => {
  const begun: number[] = [];
  const { near, packets } = connected({
    async add(a, b) {
      begun.push(a);
      return a + b;
    },
  });
  expect(await Promise.all([near.call("add", 1, 1), near.call("add", 2, 2), near.call("add", 3, 3)])).toEqual([
    2, 4, 6,
  ]);
  expect(begun).toEqual([1, 2, 3]);
  expect(packets.map((packet) => messagesOf(packet).length)).toEqual([3, 3]);
});

test("values arrive as they are, also those that JSON would change, in one packet and in order", async () => {
  const { near, packets } = connected();
  const values = [
    7,
    null,
    { a: 1, b: "x", c: null },
    undefined,
    Number.NaN,
    { a: undefined, b: Number.POSITIVE_INFINITY },
    [1, [undefined]],
    new Date(0),
    new Map([["a", new Set([1])]]),
    "x".repeat(20_000),
  ];
  const order: number[] = [];
  const arrived = await Promise.all(
    values.map(async (value, index) => {
      const answer = await near.call("echo", value);
      order.push(index);
      return answer;
    }),
  );
  expect(arrived).toStrictEqual(values);
  expect(order).toEqual(values.map((_, index) => index));
  expect(packets).toHaveLength(2);
  expect(await near.callAsJson("echo", { at: new Date(0), none: undefined })).toEqual({
    at: "1970-01-01T00:00:00.000Z",
  });
});

test("a notification arrives before the call that was made after it", async () => {
  const { near, noted } = connected();
  near.tell("note", "first");
  await near.call("add", 1, 1);
  expect(noted).toEqual(["first"]);
});

test("an error arrives as what it is", async () => {
  const { near } = connected();
  const refused = await near.call("fail", "code").catch((error) => error);
  expect(isSmithersError(refused)).toBe(true);
  expect(refused).toMatchObject({ code: "INVALID_INPUT", problem: "It does not fit.", details: { issues: [1] } });
  expect(refused.status).toBe(400);
  expect(await near.call("fail", "plain").catch(String)).toBe("RangeError: out of range");
  expect(await near.call("fail", "value").catch((error) => error.message)).toBe("a text");
});

test("what cannot be copied fails its own call, and no other", async () => {
  const { near } = connected();
  const [good, bad, strange] = await Promise.allSettled([
    near.call("add", 1, 2),
    near.call("note", (() => {}) as never),
    near.call("strange"),
  ]);
  expect([good.status, bad.status, strange.status]).toEqual(["fulfilled", "rejected", "rejected"]);
});

test("what is no message, or calls what is not there, is ignored or refused", async () => {
  const { near, hearFar } = connected();
  for (const packet of [
    undefined,
    1,
    "text",
    {},
    [1],
    [[]],
    [["tell"]],
    [["call", 77, "constructor", []]],
    "[",
    "{}",
    '[1, [], ["tell"]]',
    ["[", "1"],
    [["done", 99, 1]],
  ])
    hearFar(packet);
  expect(await near.call("add", 1, 2)).toBe(3);
  expect(await near.call("toString" as never).catch((error: Error) => error.message)).toBe(
    "There is no call toString.",
  );
});

test("a closed channel rejects what is open and what follows", async () => {
  const { near } = connected({ add: () => new Promise(() => {}) });
  const open = near.call("add", 1, 1);
  near.close(new SmithersError("WORKFLOW_NOT_FOUND"));
  expect(await open.catch((error) => error.code)).toBe("WORKFLOW_NOT_FOUND");
  expect(await near.call("add", 1, 1).catch((error) => error.code)).toBe("WORKFLOW_NOT_FOUND");
});

import { expect, test } from "bun:test";
import { Feed } from "../../src/engine/feed.ts";
import type { CommittedEvent } from "../../src/model/index.ts";
import { committedEvents } from "../../src/store/committed-events.ts";

/** Events of a run with the numbers `from` to `to`. */
function events(runId: string, from: number, to = from, nodeId = "n"): CommittedEvent[] {
  const given = Array.from({ length: to - from + 1 }, () => ({ type: "NodePending", nodeId, iteration: 0 }) as const);
  return committedEvents(runId, given, to, 1_000);
}

const numbers = (known: readonly CommittedEvent[] | undefined) => known?.map(({ seq }) => seq);

test("what was committed is known from each position within it", () => {
  const feed = new Feed();
  feed.publish(events("r", 1, 2));
  feed.publish(events("r", 3, 5));
  expect(numbers(feed.recent.after("r", 0, 10))).toEqual([1, 2, 3, 4, 5]);
  expect(numbers(feed.recent.after("r", 2, 2))).toEqual([3, 4]);
  expect(feed.recent.lastSeq("r")).toBe(5);
  // What comes after the last one may be in the database.
  expect(feed.recent.after("r", 5, 10)).toBeUndefined();
  expect(feed.recent.after("other", 0, 10)).toBeUndefined();
});

test("what is noted before it is published is known once", () => {
  const feed = new Feed();
  const [first, second] = [events("r", 1, 2), events("r", 3)];
  feed.note(first);
  feed.note(second);
  feed.publish(first);
  expect(numbers(feed.recent.after("r", 0, 10))).toEqual([1, 2, 3]);
  feed.publish(second);
  expect(numbers(feed.recent.after("r", 0, 10))).toEqual([1, 2, 3]);
});

test("after a gap, only what follows it is known", () => {
  const feed = new Feed();
  feed.publish(events("r", 1, 2));
  // Another process has committed number 3.
  feed.publish(events("r", 4, 5));
  expect(feed.recent.after("r", 0, 10)).toBeUndefined();
  expect(feed.recent.after("r", 2, 10)).toBeUndefined();
  expect(numbers(feed.recent.after("r", 3, 10))).toEqual([4, 5]);
});

test("a run that another process or engine may have changed is not known", () => {
  const feed = new Feed();
  for (const runId of ["a", "b", "c"]) feed.publish(events(runId, 1));
  feed.notifyRemote((runId) => runId === "a");
  feed.forward(events("b", 2), false);
  expect(["a", "b", "c"].map((runId) => feed.recent.lastSeq(runId))).toEqual([undefined, undefined, 1]);
});

test("a long run and many runs are known as far as there is room", () => {
  const feed = new Feed();
  const large = "n".repeat(10_000);
  for (let seq = 1; seq <= 100; seq += 1) feed.publish(events("long", seq, seq, large));
  expect(feed.recent.after("long", 0, 10)).toBeUndefined();
  expect(feed.recent.lastSeq("long")).toBe(100);
  for (let n = 0; n < 500; n += 1) feed.publish(events(`r${n}`, 1, 1, large));
  const known = Array.from({ length: 500 }, (_, n) => feed.recent.lastSeq(`r${n}`));
  expect(known.lastIndexOf(undefined)).toBe(known.filter((seq) => seq === undefined).length - 1);
  expect(known.at(-1)).toBe(1);
  expect(known[0]).toBeUndefined();
});

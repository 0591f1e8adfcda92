import { expect, test } from "bun:test";
import fc from "fast-check";
import { EventStreamParser, readEventStream, type ServerSentEvent } from "../../src/client/event-stream.ts";

const encoder = new TextEncoder();

function parse(text: string): { messages: ServerSentEvent[]; retryMs: number | undefined } {
  const parser = new EventStreamParser();
  return { messages: parser.push(encoder.encode(text)), retryMs: parser.retryMs };
}

const dataOf = (text: string) => parse(text).messages.map(({ data }) => data);
const message = (data: string, id = "", event = "message") => ({ event, data, id });

test.each<[name: string, text: string, expected: ServerSentEvent[]]>([
  // The examples of the HTML standard.
  ["lines of data are joined", "data: YHOO\ndata: +2\ndata: 10\n\n", [message("YHOO\n+2\n10")]],
  [
    "a comment is skipped, an empty id resets the id, one leading space is dropped",
    ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
    [message("first event", "1"), message("second event"), message(" third event")],
  ],
  ["a data field without a value is data", "data\n\ndata\ndata\n\ndata:", [message(""), message("\n")]],
  ["a space after the colon makes no difference", "data:test\n\ndata: test\n\n", [message("test"), message("test")]],
  // What the standard says in words.
  ["LF, CR and CRLF end lines", "data: a\r\ndata: b\rdata: c\n\r\n", [message("a\nb\nc")]],
  ["a byte order mark is dropped once", "\uFEFFdata: a\n\n\uFEFFdata: b\n\n", [message("a")]],
  ["an id stays until the next one", "id: 7\ndata: a\n\ndata: b\n\n", [message("a", "7"), message("b", "7")]],
  ["a block without data keeps its id", "id: 7\n\ndata: b\n\n", [message("b", "7")]],
  ["an id that holds NUL is ignored", "id: 1\nid: 2\0\ndata: a\n\n", [message("a", "1")]],
  ["a type holds for one message", "event: x\ndata: a\n\ndata: b\n\n", [message("a", "", "x"), message("b")]],
  ["a type without data is forgotten", "event: x\n\ndata: b\n\n", [message("b")]],
  ["unknown fields and other cases are ignored", "Data: a\nfoo: b\n data: c\ndata: d\n\n", [message("d")]],
  ["a colon may be in the value", "data: a: b\n\n", [message("a: b")]],
  ["the end of a stream dispatches nothing", "data: a\n\ndata: b\n", [message("a")]],
])("%s", (_, text, expected) => {
  expect(parse(text).messages).toEqual(expected);
});

test("retry is taken only when it is digits alone", () => {
  expect(parse("retry: 1000\n\n").retryMs).toBe(1000);
  expect(parse("retry: 1000\nretry: 2s\nretry: -1\nretry:\n\n").retryMs).toBe(1000);
});

test("bytes that are not UTF-8 become replacement characters", () => {
  const bytes = new Uint8Array([...encoder.encode("data: a"), 0xff, ...encoder.encode("\n\n")]);
  expect(new EventStreamParser().push(bytes)).toEqual([message("a\uFFFD")]);
});

test("chunks may end anywhere", () => {
  const piece = fc.constantFrom(
    "data: ",
    "data",
    "id: ",
    "event:",
    "retry: 5",
    ":",
    " ",
    "\n",
    "\r",
    "\r\n",
    "é",
    "😀",
    "1",
  );
  const cuts = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), cuts, (pieces, sizes) => {
      const bytes = encoder.encode(pieces.join(""));
      const whole = new EventStreamParser().push(bytes);
      const parser = new EventStreamParser();
      const messages: ServerSentEvent[] = [];
      for (let at = 0, n = 0; at < bytes.length; n += 1) {
        const end = at + sizes[n % sizes.length]!;
        messages.push(...parser.push(bytes.subarray(at, end)));
        at = end;
      }
      expect(messages).toEqual(whole);
    }),
    { numRuns: 500 },
  );
});

test("a long line that comes in many chunks is read in time that grows with its length", () => {
  const parser = new EventStreamParser();
  const chunk = encoder.encode("x".repeat(1_000));
  parser.push(encoder.encode("data: "));
  const begin = performance.now();
  for (let n = 0; n < 20_000; n += 1) parser.push(chunk);
  const [long] = parser.push(encoder.encode("\n\n"));
  expect(long!.data.length).toBe(20_000_000);
  expect(performance.now() - begin).toBeLessThan(5_000);
});

test("leaving the loop cancels the body", async () => {
  let reason: unknown = "not cancelled";
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(encoder.encode("data: a\n\n")),
    cancel: (why) => {
      reason = why;
    },
  });
  for await (const { data } of readEventStream(body)) {
    expect(data).toBe("a");
    break;
  }
  expect(reason).toBeUndefined();
});

test("a message of ten lines of any text is given as it was sent", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "grapheme" }), { minLength: 1, maxLength: 10 }), (lines) => {
      const plain = lines.map((line) => line.replace(/[\r\n]/g, ""));
      expect(dataOf(`${plain.map((line) => `data: ${line}\n`).join("")}\n`)).toEqual([plain.join("\n")]);
    }),
  );
});

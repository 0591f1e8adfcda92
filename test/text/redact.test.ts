import { expect, test } from "bun:test";
import fc from "fast-check";
import { cutDetails, cutText, toErrorRecord } from "../../src/errors/index.ts";
import { keepSecret, redact, redactJson } from "../../src/text/index.ts";

// Each holds what JSON escapes, what is a number, or what is long.
const secrets = ['quote"and\\slash', "line one\nline two", "1234567890", "nothing-special", "k".repeat(5_000)];
for (const secret of secrets) keepSecret(secret);

test("a line of JSON stays JSON and contains no secret, whatever surrounds it", () => {
  const text = fc.tuple(fc.string(), fc.constantFrom("", ...secrets), fc.string()).map((parts) => parts.join(""));
  const value = fc.letrec((again) => ({
    any: fc.oneof(text, fc.constant(1234567890), fc.array(again("any")), fc.dictionary(text, again("any"))),
  })).any;
  fc.assert(
    fc.property(fc.record({ msg: text, facts: value }), (line) => {
      const clean = JSON.stringify(JSON.parse(redactJson(JSON.stringify(line))));
      for (const secret of secrets) expect(clean).not.toContain(JSON.stringify(secret).slice(1, -1));
    }),
    { numRuns: 300 },
  );
});

test("the value of a field whose name promises a secret is removed from a line of JSON, however deep it is", () => {
  const line = { msg: "sent", request: { headers: { Authorization: "Basic YWRh", accept: "*/*" } }, password: 12 };
  expect(JSON.parse(redactJson(JSON.stringify(line)))).toEqual({
    msg: "sent",
    request: { headers: { Authorization: "[redacted]", accept: "*/*" } },
    password: "[redacted]",
  });
  const spans = '{"http.request.header.cookie":["a=1"],"tokens":3}';
  expect(redactJson(spans)).toBe('{"http.request.header.cookie":"[redacted]","tokens":3}\n');
});

test("text after Bearer and the password of an address are removed", () => {
  expect(redact("sent authorization: bearer abc.def-1 to https://ada:hunter22@example.org:80/x?y=1")).toBe(
    "sent authorization: bearer [redacted] to https://ada:[redacted]@example.org:80/x?y=1",
  );
  expect(redact("see https://example.org/a:b@c and mailto:ada@example.org")).toBe(
    "see https://example.org/a:b@c and mailto:ada@example.org",
  );
});

test("no part of a secret is left where a text is cut", () => {
  for (let before = 900; before < 1_030; before += 1) {
    const text = "x".repeat(before) + "nothing-special".repeat(1 + (before % 3)) + "y".repeat(5_000);
    expect(cutText(text, 1_024)).not.toContain("noth");
  }
  const { message, details } = toErrorRecord(
    Object.assign(new Error(`${"x".repeat(16_300)}${"nothing-special".repeat(20)}`), { status: "nothing-special" }),
  );
  expect(JSON.stringify({ message, details })).not.toContain("noth");
  expect(cutDetails({ "nothing-special": ["nothing-special", 1] })).toEqual({ "[redacted]": ["[redacted]", 1] });
});

test("a text that was made to be slow to search takes no longer than another", () => {
  const length = 1_000_000;
  const hostile = [
    `Bearer${" ".repeat(length)}`,
    "Bearer ".repeat(length / 7),
    "k".repeat(length),
    "://".repeat(length / 3),
    `://${"a:".repeat(length / 2)}`,
    "a".repeat(length),
  ];
  const plainMs = timeOf("an ordinary word ".repeat(length / 17));
  for (const text of hostile)
    expect([text.slice(0, 10), timeOf(text)]).toEqual([text.slice(0, 10), expect.any(Number)]);
  for (const text of hostile) expect(timeOf(text)).toBeLessThan(Math.max(plainMs * 40, 400));
});

/** Processor time in ms, which other programs of the machine do not prolong. */
function timeOf(text: string): number {
  const began = process.cpuUsage();
  redact(text);
  return process.cpuUsage(began).user / 1_000;
}

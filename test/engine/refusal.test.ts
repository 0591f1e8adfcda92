import { expect, test } from "bun:test";
import { APICallError, RetryError } from "ai";
import { refusalIn } from "../../src/engine/attempt/refusal.ts";

const nowMs = Date.parse("2026-11-27T12:00:00Z");
const call = (statusCode: number, responseHeaders: Record<string, string> = {}, message = "No.", responseBody = "") =>
  new APICallError({
    url: "https://api.test",
    requestBodyValues: {},
    message,
    statusCode,
    responseHeaders,
    responseBody,
  });

const refusals: [string, unknown, number | undefined][] = [
  ["429 without a time", call(429), undefined],
  ["seconds", call(429, { "retry-after": "1.5" }), 1_500],
  ["a header in capitals, of 503", call(503, { "Retry-After": "20" }), 20_000],
  ["milliseconds", call(529, { "retry-after-ms": "250", "retry-after": "1" }), 250],
  ["a date", call(429, { "retry-after": "Fri, 27 Nov 2026 12:00:30 GMT" }), 30_000],
  [
    "a date by the provider's clock, which is an hour ahead",
    call(429, { "retry-after": "Fri, 27 Nov 2026 13:00:30 GMT", date: "Fri, 27 Nov 2026 13:00:00 GMT" }),
    30_000,
  ],
  ["a date in the past", call(429, { "retry-after": "Fri, 27 Nov 2026 11:00:00 GMT" }), 0],
  ["a header that says nothing", call(429, { "retry-after": "soon" }), undefined],
  ["an object that is no error", { statusCode: 429, responseHeaders: { "retry-after": "1" } }, 1_000],
  [
    "a fetch error of another library",
    { status: 429, response: { headers: new Headers({ "retry-after": "2" }) } },
    2_000,
  ],
  [
    "the last try of a RetryError",
    new RetryError({
      message: "Failed after 2 attempts.",
      reason: "maxRetriesExceeded",
      errors: [call(500), call(429, { "retry-after": "7" })],
    }),
    7_000,
  ],
  ["a cause", new Error("The agent failed.", { cause: call(429, { "retry-after": "3" }) }), 3_000],
  ["a used-up quota with another status", call(403, {}, "insufficient_quota"), undefined],
  ["Claude Code", new Error(`Claude AI usage limit reached|${nowMs / 1_000 + 90}`), 90_000],
  ["Codex", new Error("You've hit your usage limit. Try again in 3 hours 42 minutes."), 13_320_000],
  ["OpenAI", new Error("Rate limit reached for gpt-5. Please try again in 1m30.5s."), 90_500],
  ["Gemini", new Error("Quota exceeded for metric: requests. Please retry in 36.5s."), 36_500],
  ["a text alone", "429 Too Many Requests", undefined],
];

test.each(refusals)("a provider's refusal is told from other errors: %s", (_, thrown, retryAfterMs) => {
  expect(refusalIn(thrown, nowMs)).toEqual({ retryAfterMs });
});

const circle = new Error("Round and round.");
circle.cause = circle;
const others: [string, unknown][] = [
  ["a bad request", call(400, { "retry-after": "1" })],
  ["a failure of the provider", call(500)],
  ["an answer about limits that is no refusal", new Error("The rate of growth is limited.")],
  ["a rejected prompt that speaks of a rate limit", call(400, {}, "The prompt mentions a rate limit.")],
  ["a circle", circle],
  ["nothing", undefined],
];

test.each(others)("%s is no refusal", (_, thrown) => {
  expect(refusalIn(thrown, nowMs)).toBeUndefined();
});

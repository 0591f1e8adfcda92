import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  cutDetails,
  cutText,
  errorCodes,
  fromWire,
  isSmithersError,
  maxDetailsBytes,
  maxMessageBytes,
  SmithersError,
  toErrorRecord,
} from "../../src/errors/index.ts";
import { anyText } from "../support/any-text.ts";

const bytesOf = (value: unknown) => Buffer.byteLength(JSON.stringify(value) ?? "");

test("a message is composed of the problem and the advice", () => {
  const error = new SmithersError("RUN_NOT_FOUND", 'There is no run "r".');
  const { advice } = errorCodes.RUN_NOT_FOUND;
  expect(error).toMatchObject({ problem: 'There is no run "r".', advice, status: 404 });
  expect(error.message).toBe(`There is no run "r". ${advice}`);
  expect(new SmithersError("UNAUTHORIZED").message).toBe(errorCodes.UNAUTHORIZED.advice);
  expect(new SmithersError("DB_FULL", "The disk is full.", { advice: "" }).message).toBe("The disk is full.");
  expect(Object.keys(error).sort()).toEqual(["code", "details", "name"]);
});

test("what the runtime notes of a caller of its own functions is left out", () => {
  let thrown: unknown;
  try {
    structuredClone(() => {});
  } catch (error) {
    thrown = error;
  }
  expect(toErrorRecord(thrown).details).toEqual({ name: "DataCloneError" });
});

test("a message over 16 KB is cut, keeps its beginning and says that it was cut", () => {
  const { message } = toErrorRecord(new Error(`begin ${"é".repeat(10_000_000)}`));
  expect(Buffer.byteLength(message)).toBeLessThanOrEqual(maxMessageBytes);
  expect(message).toStartWith("begin ééé");
  expect(message).toEndWith("… [cut: 10000006 characters in all]");
  expect(toErrorRecord(new Error("e".repeat(maxMessageBytes))).message).toHaveLength(maxMessageBytes);
});

test("a cut falls between characters, and only where it must", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 200 }), fc.integer({ min: 0, max: 400 }), (text, maxBytes) => {
      const cut = cutText(text, maxBytes);
      expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(maxBytes);
      if (Buffer.byteLength(text) <= maxBytes) expect(cut).toBe(text);
      // An unpaired half of a character becomes U+FFFD.
      expect(Buffer.from(cut).includes("\u{fffd}")).toBe(text.includes("\u{fffd}"));
    }),
  );
});

test("details over 64 KB are cut, keep their fields and say that they were cut", () => {
  const details = { exitCode: 1, stdout: "o".repeat(200_000), stderr: "why", issues: ["i"] };
  const cut = new SmithersError("TOOL_COMMAND_FAILED", "It failed.", { details }).toRecord().details;
  expect(cut).toMatchObject({ exitCode: 1, stderr: "why", issues: ["i"], truncated: true });
  expect(bytesOf(cut)).toBeLessThanOrEqual(maxDetailsBytes);
  expect(cutDetails("l".repeat(70_000))).toMatchObject({ truncated: true, value: expect.stringContaining("[cut:") });
  expect(cutDetails(Array.from({ length: 100_000 }, (_, index) => index))).toMatchObject({ truncated: true });
  const large = { text: "t".repeat(60_000) };
  expect(cutDetails(large)).toEqual(large);
});

test("details are JSON within their bound, whatever they were", () => {
  fc.assert(
    fc.property(fc.anything({ withBigInt: true, withMap: true, withSparseArray: true }), (details) => {
      const cut = cutDetails(details);
      expect(bytesOf(cut)).toBeLessThanOrEqual(maxDetailsBytes);
      if (cut !== undefined) expect(JSON.parse(JSON.stringify(cut))).toEqual(cut as never);
    }),
  );
  const text = fc
    .tuple(anyText({ minLength: 1, maxLength: 3 }), fc.integer({ min: 1_000, max: 8_000 }))
    .map(([part, times]) => part.repeat(times));
  fc.assert(
    fc.property(fc.array(fc.dictionary(fc.string(), text), { minLength: 5 }), (details) => {
      expect(bytesOf(cutDetails(details))).toBeLessThanOrEqual(maxDetailsBytes);
    }),
  );
});

test("what has JSON's own form is kept as JSON has it", () => {
  fc.assert(
    // JSON knows no negative zero.
    fc.property(
      fc.jsonValue({ maxDepth: 5 }).map((value) => JSON.parse(JSON.stringify(value))),
      (details) => {
        expect(cutDetails(details)).toEqual(details);
      },
    ),
  );
  const when = new Date(0);
  expect(cutDetails({ when, left: undefined, out: () => {}, many: 3n, bytes: Buffer.from("abc") })).toEqual({
    when: when.toJSON(),
    many: "3",
    bytes: "[3 bytes]",
  });
  expect(cutDetails(JSON.parse('{"__proto__": {"a": 1}}'))).toEqual(JSON.parse('{"__proto__": {"a": 1}}'));
});

test("an error that is not ours keeps its own name, code and causes in details", () => {
  const cause = new SmithersError("TASK_TIMEOUT", "Too slow.");
  const error = Object.assign(new TypeError("t", { cause }), { code: "E_OWN" });
  expect(toErrorRecord(error)).toEqual({
    code: "TASK_FAILED",
    message: "t",
    details: {
      name: "TypeError",
      code: "E_OWN",
      cause: { name: "SmithersError", code: "TASK_TIMEOUT", message: cause.message },
    },
  });
  expect(toErrorRecord("text", "RENDER_FAILED")).toEqual({ code: "RENDER_FAILED", message: "text" });
});

test("an error that was sent is the error that was thrown", () => {
  const codes = Object.keys(errorCodes) as (keyof typeof errorCodes)[];
  fc.assert(
    fc.property(fc.constantFrom(...codes), fc.string({ unit: "grapheme" }), fc.jsonValue(), (code, words, details) => {
      const thrown = new SmithersError(code, words.trim(), { details: details ?? undefined });
      const sent = JSON.parse(JSON.stringify(thrown.toRecord()));
      for (const error of [fromWire({ error: sent }, thrown.status)!, fromWire(sent)!]) {
        const { message, problem, advice, status } = thrown;
        expect({ ...error }).toEqual({ ...thrown, details: sent.details });
        expect(error).toMatchObject({ message, problem, advice, status });
        expect(isSmithersError(error)).toBe(true);
      }
    }),
  );
});

test("an error of another release keeps its code, its message and its status", () => {
  const error = fromWire({ error: { code: "NEWER", message: "It is new. Do so.", details: null } }, 418)!;
  expect(error).toMatchObject({ code: "NEWER", problem: "It is new. Do so.", advice: "", status: 418 });
  expect(error.message).toBe("It is new. Do so.");
  // Stored by this release, it has one of its codes.
  expect(toErrorRecord(error)).toMatchObject({
    code: "TASK_FAILED",
    details: { name: "SmithersError", code: "NEWER" },
  });
});

test.each([[undefined], [null], ["<html>"], [{}], [{ error: "gone" }], [{ error: { code: 7, message: "m" } }]])(
  "%j is not an error of ours",
  (sent) => {
    expect(fromWire(sent)).toBeUndefined();
  },
);

test("numbers that JSON does not have are kept as JSON would", () => {
  const details = { zero: -0, none: Number.NaN, most: Number.POSITIVE_INFINITY };
  expect(cutDetails(details)).toEqual({ zero: 0, none: null, most: null });
});

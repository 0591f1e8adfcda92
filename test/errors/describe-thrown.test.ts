import { expect, test } from "bun:test";
import fc from "fast-check";
import { isRetryable } from "../../src/engine/attempt/retryable.ts";
import { recordThrown } from "../../src/engine/thrown.ts";
import {
  describeThrown,
  errorCodes,
  maxDetailsBytes,
  maxMessageBytes,
  messageOf,
  SmithersError,
  type ThrownDescription,
  toErrorRecord,
} from "../../src/errors/index.ts";
import { hostileValues, thrownValues } from "./hostile-values.ts";

function expectDescribed(thrown: unknown): void {
  const described = describeThrown(thrown);
  expect(JSON.parse(JSON.stringify(described))).toEqual(described);
  for (const text of textsOf(described)) expect(Buffer.byteLength(text)).toBeLessThanOrEqual(maxMessageBytes);
  expect(all(described).length).toBeLessThanOrEqual(16);
  for (const { code } of all(described)) if (code !== undefined) expect(Object.hasOwn(errorCodes, code)).toBe(true);

  const record = toErrorRecord(thrown);
  expect(Object.hasOwn(errorCodes, record.code)).toBe(true);
  expect(typeof record.message).toBe("string");
  expect(Buffer.byteLength(record.message)).toBeLessThanOrEqual(maxMessageBytes);
  expect(Buffer.byteLength(JSON.stringify(record.details) ?? "")).toBeLessThanOrEqual(maxDetailsBytes);
  expect(JSON.parse(JSON.stringify(record))).toEqual(record);
  expect(typeof messageOf(thrown)).toBe("string");

  const recorded = recordThrown(thrown, "/");
  expect(recorded.error).toMatchObject({ code: record.code, message: record.message });
  expect(Buffer.byteLength(recorded.stack ?? "")).toBeLessThanOrEqual(maxMessageBytes);
  expect(typeof isRetryable(thrown)).toBe("boolean");
}

function all(described: ThrownDescription): ThrownDescription[] {
  return [described, ...[described.cause ?? [], described.errors ?? []].flat().flatMap(all)];
}

function textsOf(described: ThrownDescription): string[] {
  return all(described).flatMap(({ name, message, stack = "", foreignCode = "" }) => [
    name,
    message,
    stack,
    foreignCode,
  ]);
}

test.each(Object.entries(hostileValues))("%s is described", (_, make) => {
  expectDescribed(make());
});

test("any thrown value is described within bounds, and as JSON", () => {
  fc.assert(
    fc.property(thrownValues, (make) => expectDescribed(make())),
    { numRuns: 200 },
  );
});

test("what was thrown is described as it is", () => {
  const told = (thrown: unknown) => {
    const { stack: _, ...described } = describeThrown(thrown);
    return described;
  };
  expect(told(undefined)).toEqual({ name: "undefined", message: "undefined" });
  expect(told("boom")).toEqual({ name: "string", message: "boom" });
  expect(told({ status: 404 })).toEqual({ name: "object", message: '{"status":404}' });
  expect(told(new Map([[1, 2]]))).toEqual({ name: "object", message: "[object Map]" });
  expect(told({})).toEqual({ name: "object", message: "{}" });
  expect(told(/x/g)).toEqual({ name: "object", message: "/x/g" });
  expect(told({ toString: () => "own words" })).toEqual({ name: "object", message: "own words" });
  expect(told(new RangeError("r"))).toEqual({ name: "RangeError", message: "r" });
  expect(told(Object.assign(new Error("f"), { code: "ENOENT" }))).toEqual({
    name: "Error",
    message: "f",
    foreignCode: "ENOENT",
  });
  expect(told(new SmithersError("TASK_TIMEOUT", "Too slow."))).toEqual({
    name: "SmithersError",
    message: `Too slow. ${errorCodes.TASK_TIMEOUT.advice}`,
    code: "TASK_TIMEOUT",
  });
  expect(describeThrown(hostileValues["a message that is an object"]!()).message).toBe('{"code":7,"why":["a"]}');
});

test("causes and members are followed for a while", () => {
  const cause = new Error("below", { cause: "lowest" });
  expect(describeThrown(new Error("above", { cause }))).toMatchObject({
    message: "above",
    cause: { message: "below", cause: { name: "string", message: "lowest" } },
  });
  const members = Array.from({ length: 9 }, (_, index) => new Error(String(index)));
  expect(describeThrown(new AggregateError(members, "all")).errors).toHaveLength(5);
  const depthOf = (described?: ThrownDescription): number => (described ? 1 + depthOf(described.cause) : 0);
  expect(depthOf(describeThrown(hostileValues["a chain of a thousand causes"]!()))).toBe(6);
});

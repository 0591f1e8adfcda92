import { expect, test } from "bun:test";
import fc from "fast-check";
import { applyDifference, differenceOf } from "../../src/store/text-difference.ts";

// Few characters, so that texts have much in common; the last two are pairs with one half in common.
const text = fc.string({ unit: fc.constantFrom("a", "b", "é", "\u{1f600}", "\u{1f601}", "\u{2f600}"), maxLength: 30 });

test("a text is its difference from any other, and no half of a pair is left alone", () => {
  fc.assert(
    fc.property(text, text, (before, after) => {
      const difference = differenceOf(before, after);
      expect(Buffer.from(difference.middle).toString()).toBe(difference.middle);
      expect(applyDifference(before, difference)).toBe(after);
    }),
    { numRuns: 2_000 },
  );
});

test("long texts with little changes differ only there, wherever that is", () => {
  const place = fc.nat(3_000);
  fc.assert(
    fc.property(place, place, fc.string({ maxLength: 600 }), (at, length, middle) => {
      const before = "0123456789é".repeat(300);
      const after = before.slice(0, at) + middle + before.slice(at + length);
      const difference = differenceOf(before, after);
      expect(applyDifference(before, difference)).toBe(after);
      expect(difference.middle.length).toBeLessThanOrEqual(middle.length);
    }),
  );
});

test("what stands before and after the change is not repeated", () => {
  expect(differenceOf("[1,2,3]", "[1,2,2,3]").middle.length).toBe(2);
  expect(differenceOf("same", "same")).toEqual({ head: 4, middle: "", tail: 0 });
});

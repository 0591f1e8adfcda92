import fc from "fast-check";

const codePoint = fc.oneof(
  fc.integer({ min: 0, max: 0xff }),
  fc.integer({ min: 0x100, max: 0xd7ff }),
  fc.integer({ min: 0xe000, max: 0xffff }),
  fc.integer({ min: 0x1_0000, max: 0x10_ffff }),
);

/**
 * Strings of any code points, without halves of surrogate pairs.
 *
 * `fc.string({ unit: "binary" })` has such strings too, but takes 0.7 s of processor time to make its unit.
 */
export function anyText(length: { minLength?: number; maxLength: number }): fc.Arbitrary<string> {
  return fc.array(codePoint, length).map((points) => String.fromCodePoint(...points));
}

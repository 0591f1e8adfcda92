import { expect, test } from "bun:test";
import fc from "fast-check";
import { KeptListJson } from "../../src/engine/turn/kept-list-json.ts";

/** An item of a frame's list: it is left out of the frame, or its source is not known, or neither. */
interface Item {
  readonly name: number;
  readonly isLeftOut: boolean;
  readonly hasSource: boolean;
}

const items = fc.array(fc.record({ name: fc.nat(9), isLeftOut: fc.boolean(), hasSource: fc.boolean() }), {
  maxLength: 300,
  size: "max",
});

test("the JSON of a list that is kept from one state to the next is that of the list", () => {
  const edit = fc.record({ at: fc.nat(300), removed: fc.nat(80), added: items });
  fc.assert(
    fc.property(items, fc.array(edit, { maxLength: 6 }), (first, edits) => {
      const kept = new KeptListJson<Item>(
        (item) => (item.hasSource ? item : undefined),
        ({ name, isLeftOut }) => (isLeftOut ? "" : JSON.stringify({ name })),
      );
      const list = [...first];
      const check = () => {
        const shown = list.filter(({ isLeftOut }) => !isLeftOut).map(({ name }) => ({ name }));
        expect(`[${kept.of(list)}]`).toBe(JSON.stringify(shown));
      };
      check();
      for (const { at, removed, added } of edits) {
        list.splice(at, removed, ...added);
        check();
      }
    }),
    { numRuns: 100 },
  );
});

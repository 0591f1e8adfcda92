import { expect, test } from "bun:test";
import fc from "fast-check";
import { ago, bytes, duration, shellWords } from "../../src/cli/terminal/format.ts";
import { cut, renderTable } from "../../src/cli/terminal/table.ts";
import { runtime } from "../../src/runtime/index.ts";
import { manyLines, oneLine } from "../../src/text/printable.ts";

const cell = fc.oneof(
  fc.string(),
  fc.string({ unit: "grapheme" }),
  fc.constantFrom("", "日本語のテキスト", "naïve", "👩‍👩‍👧"),
);

test("no line of a table is wider than the terminal, whatever its cells hold", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 32, max: 120 }),
      (rows, width) => {
        const lines = renderTable(
          [{ name: "id" }, { name: "state", drop: 1, flexible: true }, { name: "about", drop: 2, flexible: true }],
          rows.map(([id, state, about]) => ({
            id: cut(oneLine(id), 20),
            state: oneLine(state),
            about: oneLine(about),
          })),
          width,
        );
        for (const line of lines) expect(runtime.displayWidth(line)).toBeLessThanOrEqual(width);
        expect(lines.length).toBeLessThanOrEqual(rows.length + 1);
      },
    ),
  );
});

test("a long text is shortened before a short name beside it", () => {
  const row = { workflow: "approval-of-release", about: "The bucket is full. ".repeat(20) };
  const columns = [
    { name: "workflow", flexible: true },
    { name: "about", flexible: true },
  ];
  expect(renderTable(columns, [row], 60)[1]).toBe("approval-of-release  The bucket is full. The bucket is full…");
});

test("a shortened text has the requested width and keeps its styles", () => {
  fc.assert(
    fc.property(cell.map(oneLine), fc.integer({ min: 1, max: 20 }), (text, width) => {
      expect(runtime.displayWidth(cut(text, width))).toBeLessThanOrEqual(width);
    }),
  );
  expect(cut("\u001b[32msucceeded\u001b[39m", 5)).toBe("\u001b[32msucc…\u001b[39m");
});

test("outside text is printed without terminal control sequences", () => {
  const text = "\u001b[2Jone\r\ntwo\u0007\u009b31m\tthree";
  expect(oneLine(text)).toBe("one two three");
  expect(manyLines(text)).toBe("one\ntwo \tthree");
});

test("a shell reads quoted words back unchanged", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.string({ unit: "grapheme" }).filter((word) => !word.includes("\0")),
        { maxLength: 3 },
      ),
      (words) => {
        const { stdout } = Bun.spawnSync(["bash", "-c", `printf '%s\\0' ${shellWords(words)}`]);
        expect(stdout.toString()).toBe(words.length === 0 ? "\0" : words.map((word) => `${word}\0`).join(""));
      },
    ),
    { numRuns: 25 },
  );
});

test.each([
  [0, "0ms"],
  [999, "999ms"],
  [1_000, "1.0s"],
  [9_990, "9.9s"],
  [61_000, "1m 1s"],
  [3_600_000, "1h"],
  [93_600_000, "1d 2h"],
])("%i ms are written %s", (ms, text) => {
  expect(duration(ms)).toBe(text);
});

test("ages and sizes are formatted for people", () => {
  expect([ago(0, 500), ago(0, 59_000), ago(0, 172_800_000)]).toEqual(["now", "59s ago", "2d ago"]);
  expect([bytes(0), bytes(1_536), bytes(52_428_800)]).toEqual(["0 bytes", "1.5 KB", "50 MB"]);
});

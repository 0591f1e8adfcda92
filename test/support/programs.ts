import { test } from "bun:test";
import { missingPrograms, neededPrograms } from "../../scripts/programs.ts";

const listed = new Set(neededPrograms().map(({ name }) => name));
const missing = new Set(missingPrograms().map(({ name }) => name));

/**
 * The `test` of bun:test for a test that runs these system programs: skipped where one of them is not installed.
 *
 * @throws when one of them is not in `test/programs`, and so is never installed.
 */
export function needs(...programs: string[]): typeof test {
  const unlisted = programs.filter((name) => !listed.has(name));
  if (unlisted.length > 0) throw new Error(`Add to test/programs: ${unlisted.join(", ")}`);
  return test.skipIf(programs.some((name) => missing.has(name))) as typeof test;
}

import { test } from "bun:test";
import { canRun } from "../../scripts/programs.ts";

/**
 * The `test` of bun:test for a test that runs these system programs: skipped where one of them cannot be used.
 *
 * @throws when one of them is not in `test/programs`, and so is never installed.
 */
export function needs(...programs: string[]): typeof test {
  return test.skipIf(!canRun(...programs)) as typeof test;
}

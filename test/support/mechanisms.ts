import { test } from "bun:test";
import { canRun } from "../../scripts/programs.ts";
import { afterThisTest } from "./cleanup.ts";
import { needs } from "./programs.ts";

/** What confines commands on Linux. */
export const mechanisms = ["bubblewrap", "unshare"] as const;

export type Mechanism = (typeof mechanisms)[number];

/** The system programs that each is made of. */
export const programsOf: Record<Mechanism, string[]> = {
  bubblewrap: ["bwrap", "prlimit"],
  unshare: ["unshare", "setpriv", "prlimit"],
};

const canConfine = mechanisms.some((mechanism) => canRun(...programsOf[mechanism]));

/** The `test` of bun:test for a test that runs commands with the `bash` tool: skipped where nothing can confine them. */
export const testWithBash = test.skipIf(!canConfine) as typeof test;

/** A test for each mechanism, `%s` in its name; skipped where its programs, or the `others` that it needs, are missing. */
export function testEachMechanism(
  name: string,
  body: (mechanism: Mechanism) => unknown,
  { others = [] }: { others?: string[] } = {},
): void {
  for (const mechanism of mechanisms) {
    needs(...programsOf[mechanism], ...others)(name.replace("%s", mechanism), async () => void (await body(mechanism)));
  }
}

/** Lets the tools use one mechanism for the rest of the test. */
export function onlySandbox(mechanism: string): void {
  const before = process.env.SMITHERS_SANDBOX;
  process.env.SMITHERS_SANDBOX = mechanism;
  afterThisTest(() => {
    if (before === undefined) delete process.env.SMITHERS_SANDBOX;
    else process.env.SMITHERS_SANDBOX = before;
  });
}

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

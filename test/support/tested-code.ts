import { join } from "node:path";

/** `npm test` sets it when it has built: one test file by itself never tests an old build. */
const isBuilt = process.env.SMITHERS_TEST_DIST !== undefined;

/**
 * Absolute path of a module for a process that a test starts: the built one, which users have too and which costs less
 * to start, or else the source.
 * @param name path in `src` without its ending; see the list in `scripts/bundle.ts`
 */
export function testedModule(name: string): string {
  const file = isBuilt ? join("dist", `${name}.js`) : join("src", `${name}.ts`);
  return join(import.meta.dirname, "../..", file);
}

/** The package's main entry, for the program of such a process. */
export function testedPackage(): Promise<typeof import("smithers-orchestrator")> {
  return import(testedModule("index"));
}

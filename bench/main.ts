/**
 * Measures the hot paths on a real file, and the raw cost of a commit on the same disk in the same run.
 * Read the ratios: absolute figures belong to the machine.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { commitCost } from "./commit.ts";
import { parkedRuns } from "./parked.ts";
import { runsInFlight } from "./runs.ts";
import { stepCost } from "./steps.tsx";

mkdirSync(".tmp", { recursive: true });
const folder = mkdtempSync(join(".tmp", "bench-"));
try {
  for (const synchronous of ["full", "normal"] as const) {
    const before = commitCost(join(folder, `commit-${synchronous}.db`), synchronous);
    const step = await stepCost(join(folder, `steps-${synchronous}.db`), synchronous);
    const after = commitCost(join(folder, `commit-${synchronous}.db`), synchronous);
    const commit = (before + after) / 2;
    console.log(`synchronous=${synchronous}`);
    console.log(`  a raw commit of one row                 ${commit.toFixed(3)} ms`);
    console.log(
      `  a step of a 200-task sequence           ${step.toFixed(3)} ms   ${(step / commit).toFixed(1)} commits`,
    );
    const { runsPerSecond } = await runsInFlight(folder, synchronous, 16, 800);
    console.log(`  one-task runs over HTTP, 16 in flight   ${runsPerSecond.toFixed(0)} runs/s`);
  }
  const { before, after, approveToFinished } = await parkedRuns(folder, 10_000);
  console.log("10,000 runs that wait for a person");
  console.log(
    `  the server's memory                     ${before.toFixed(0)} MiB before, ${after.toFixed(0)} MiB after`,
  );
  console.log(`  approval to the end of the stream       ${approveToFinished.toFixed(1)} ms`);
} finally {
  rmSync(folder, { recursive: true });
}

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Runs every test, or those that are named, and closes with `N passed, N failed` from the runner's report. */
const folder = mkdtempSync(join(tmpdir(), "smithers-report-"));
const report = join(folder, "junit.xml");
const args = [
  "test",
  "--timeout",
  "120000",
  "--parallel",
  "--reporter=junit",
  `--reporter-outfile=${report}`,
  ...(process.argv.length > 2 ? process.argv.slice(2) : ["./test"]),
];
const { status } = spawnSync(process.execPath, args, { stdio: "inherit" });

let text = "";
try {
  text = readFileSync(report, "utf8");
} catch {
  console.error("The test runner left no report.");
}
rmSync(folder, { recursive: true });
const count = (name: string) => Number(new RegExp(`<testsuites[^>]* ${name}="(\\d+)"`).exec(text)?.[1] ?? 0);
const reported = count("failures") + count("errors");
// What fails outside of any test is in no report.
const failed = status === 0 ? reported : Math.max(reported, 1);
console.log(`${count("tests") - reported - count("skipped")} passed, ${failed} failed`);
process.exit(failed === 0 && count("tests") > 0 ? 0 : 1);

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { ownToken, startOwnServer } from "../test/conformance/own-server.ts";
import { patienceMs } from "../test/support/patience.ts";
import { startPostgres } from "../test/support/postgres-server.ts";
import { canRun, forbiddenPrograms, installMissingPrograms, missingPrograms } from "./programs.ts";

/**
 * Runs all tests, or those of the named files and folders, and ends with `N passed, N failed` and perhaps `, N
 * skipped`, from the runner's report. Arguments from the first one with a leading dash go to the runner.
 */
const args = process.argv.slice(2);
const firstFlag = args.findIndex((arg) => arg.startsWith("-"));
const places = firstFlag === -1 ? args : args.slice(0, firstFlag);
const flags = args.slice(places.length);

installMissingPrograms();
const files = (places.length > 0 ? places : ["test"]).flatMap(testFilesOf);
sayWhatIsMissing();
// One server of each kind for all test files: their processes would each start one.
if (files.some((file) => file.includes("postgres")) && canRun("postgres")) {
  process.env.SMITHERS_TEST_POSTGRES ??= (await startPostgres()).url();
}
if (process.env.CONFORMANCE_URL === undefined && files.some((file) => file.includes("conformance"))) {
  const url = await startOwnServer({ SMITHERS_LOG_LEVEL: "silent", ...process.env });
  Object.assign(process.env, { CONFORMANCE_URL: url, CONFORMANCE_TOKEN: ownToken });
}
const { status, report } = runTests(files);
const counts = countTests(report);
const unreported = files.filter((file) => !counts.files.has(resolve(file)));
for (const file of unreported) console.log(`No test in ${file} was run: the file does not load, or contains no tests.`);
sayWhatIsMissing();

const counted = counts.failed + unreported.length;
// An error between two tests makes the runner exit with 1, but is not in the report.
const failed = status === 0 ? counted : Math.max(counted, 1);
const passed = counts.tests - counts.failed - counts.skipped;
console.log(`${passed} passed, ${failed} failed${counts.skipped > 0 ? `, ${counts.skipped} skipped` : ""}`);
process.exit(failed === 0 && counts.tests > 0 ? 0 : 1);

function testFilesOf(place: string): string[] {
  if (statSync(place, { throwIfNoEntry: false })?.isDirectory() !== true) return [place];
  const names = [...new Bun.Glob("**/*.test.{ts,tsx}").scanSync(place)];
  return names.sort().map((name) => join(place, name));
}

function sayWhatIsMissing(): void {
  const missing = missingPrograms();
  const forbidden = forbiddenPrograms();
  if (forbidden)
    console.log(`Not allowed here: ${forbidden.names.join(", ")} (${forbidden.reason}). Their tests are skipped.`);
  if (missing.length === 0) return;
  const packages = new Set(missing.flatMap((program) => program.packages));
  console.log(
    `Not installed: ${missing.map(({ name }) => name).join(", ")}. The tests that need them are skipped.\n` +
      `To run them too: apt-get install ${[...packages].join(" ")}`,
  );
}

/** Runs test files. Returns the runner's exit code and its JUnit report, which is empty if it wrote none. */
function runTests(files: readonly string[]): { status: number | null; report: string } {
  const folder = mkdtempSync(join(tmpdir(), "smithers-report-"));
  const reportFile = join(folder, "junit.xml");
  const options = [
    // More than there are cores: tests often wait for another process, or for time to pass.
    `--parallel=${availableParallelism() * 3}`,
    // The files of a process share the modules that they load, as the runs of a server do: what one run leaves behind in
    // the process must not matter to another. It also costs less than to load and compile the modules for each file.
    "--no-isolate",
    `--timeout=${patienceMs}`,
    // Slow files come first. To measure again: npm test -- --update-timings
    "--timings=test/timings.json",
    "--reporter=junit",
    `--reporter-outfile=${reportFile}`,
  ];
  // Without a leading ./ the runner treats an argument as a filter on paths.
  const paths = files.map((file) => resolve(file));
  const { status } = spawnSync(process.execPath, ["test", ...options, ...flags, ...paths], { stdio: "inherit" });
  let report = "";
  try {
    report = readFileSync(reportFile, "utf8");
  } catch {
    console.error("The test runner wrote no report.");
  }
  rmSync(folder, { recursive: true });
  return { status, report };
}

/** The number of tests in a JUnit report, and the files that they are from. */
function countTests(report: string) {
  const count = (name: string) => Number(new RegExp(`<testsuites[^>]* ${name}="(\\d+)"`).exec(report)?.[1] ?? 0);
  const files = new Set([...report.matchAll(/<testsuite [^>]*\bfile="([^"]*)"/g)].map(([, file]) => resolve(file!)));
  return { tests: count("tests"), failed: count("failures") + count("errors"), skipped: count("skipped"), files };
}

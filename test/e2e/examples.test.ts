import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { testEachMechanism } from "../support/mechanisms.ts";
import { projectDir } from "../support/packed.ts";

/** `npm start` with one mechanism alone to confine commands. */
function tour(sandbox: string) {
  const env = { ...process.env, SMITHERS_SANDBOX: sandbox };
  return spawnSync(process.execPath, ["examples/tour.ts"], { cwd: projectDir, encoding: "utf8", env });
}

testEachMechanism("npm start tours the main job with %s", (sandbox) => {
  const { stdout, status } = tour(sandbox);
  expect(stdout).toContain("The server listens on http://127.0.0.1:");
  expect(stdout).toContain("A person is asked: Release 1.4.0? (3 files");
  expect(stdout).toMatch(/RunFinished +\nThe run has finished\. Its output: \{[^}]*approvedBy: "tour"/);
  expect(status).toBe(0);
});

test("npm start without a sandbox exits with 1 and says why", () => {
  const { stdout, stderr, status } = tour("none");
  expect(status).toBe(1);
  expect(stderr).toContain("The run is failed: TOOL_SANDBOX_UNAVAILABLE: ");
  expect(stdout).not.toContain("undefined");
});

import { expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { projectDir } from "../support/packed.ts";

test("npm start tours the main job", () => {
  const printed = execFileSync(process.execPath, ["examples/tour.ts"], { cwd: projectDir, encoding: "utf8" });
  expect(printed).toContain("The server listens on http://127.0.0.1:");
  expect(printed).toContain("A person is asked: Release 1.4.0? (3 files");
  expect(printed).toMatch(/RunFinished +\nThe run has finished\. Its output: \{[^}]*approvedBy: "tour"/);
});

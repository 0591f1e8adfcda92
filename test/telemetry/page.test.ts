import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { observabilityPage } from "../../scripts/metrics-page.ts";
import { projectDir } from "../support/packed.ts";

test("docs/observability.md lists all metrics and labels; scripts/metrics-page.ts writes them", () => {
  expect(readFileSync(join(projectDir, "docs/observability.md"), "utf8")).toBe(observabilityPage());
});

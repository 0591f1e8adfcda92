import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { migratingPage } from "../../scripts/migrating-page.ts";
import { projectDir } from "../support/packed.ts";

test("docs/migrating.md lists the names that the code refuses; npm run pages writes it", () => {
  const page = readFileSync(join(projectDir, "docs/migrating.md"), "utf8");
  expect(page).toBe(migratingPage());
  expect(page).toContain("| `Gateway` | Use `startServer` or `smithers server` |");
});

import { expect } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { mechanisms, programsOf } from "../support/mechanisms.ts";
import { projectDir } from "../support/packed.ts";
import { needs } from "../support/programs.ts";
import { attackPage, columns } from "./attack-page.ts";
import { allAttacks, tryAttacks, type User } from "./attack-results.ts";
import type { Result } from "./attacks.ts";

/** What the attacks are made with. */
const means = ["python3", "node", "curl", "ip"];

const isRoot = process.getuid?.() === 0;
const results: Record<string, Result[]> = {};

/** What each attack has done, by its name. */
const named = (list: readonly Result[]) => allAttacks.map(({ what }, index) => [what, list[index]]);

needs(...means)("without a sandbox the attacks succeed, so that their failure says something", async () => {
  const tried = await tryAttacks("none");
  const able = allAttacks.filter(({ control }) => control === true || (control === "root" && isRoot));
  const failed = able.filter((attack) => tried[allAttacks.indexOf(attack)] !== "succeeded").map(({ what }) => what);
  expect(failed).toEqual([]);
});

/** A server of root's and one of an ordinary user's, or the one that can be had. */
const users: readonly User[] = isRoot ? ["root", "user"] : ["user"];

for (const mechanism of mechanisms) {
  for (const user of users) {
    needs(...means, ...programsOf[mechanism])(`every attack by a ${user} is refused by ${mechanism}`, async () => {
      const tried = await tryAttacks(mechanism, user);
      results[`${mechanism}, ${user}`] = tried;
      expect(named(tried).filter(([, result]) => result !== "refused")).toEqual([]);
    });
  }
}

needs(...means, ...Object.values(programsOf).flat())("docs/security.md shows every attack with its result", () => {
  const page = readFileSync(join(projectDir, "docs/security.md"), "utf8");
  // What an ordinary user cannot try as root stands as it was written.
  const shown = columns.map((column) => [column, results[column] ?? allAttacks.map(() => "refused" as const)] as const);
  expect(attackPage(page, Object.fromEntries(shown))).toBe(page);
});

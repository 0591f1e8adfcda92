import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { mechanisms } from "../support/mechanisms.ts";
import { tryAttacks } from "./attack-results.ts";
import { attacks, type Result } from "./attacks.ts";

const begin = "<!-- attacks: made by `bun test/tools/attack-page.ts` -->";
const end = "<!-- end of attacks -->";

/** What the table has a column for. */
export const columns = mechanisms.flatMap((mechanism) =>
  (["root", "user"] as const).map((user) => `${mechanism}, ${user}` as const),
);

/** The page with its table made again from what each sandbox has refused to each user's commands. */
export function attackPage(page: string, results: Record<string, readonly Result[]>): string {
  const [before, rest] = page.split(begin);
  const after = rest?.split(end)[1];
  if (after === undefined) throw new Error("docs/security.md has no place for the table of attacks.");
  let index = 0;
  const tables = attacks.map((group) => {
    const rows = group.attacks.map(({ what }) => {
      const row = [what, ...columns.map((column) => results[column]![index])];
      index += 1;
      return row as string[];
    });
    return table([[group.title, ...columns], ...rows]);
  });
  return `${before}${begin}\n\n${tables.join("\n\n")}\n\n${end}${after}`;
}

function table(rows: string[][]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (cells: string[]) => `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`;
  return [line(rows[0]!), line(widths.map((width) => "-".repeat(width))), ...rows.slice(1).map(line)].join("\n");
}

if (import.meta.main) {
  const path = fileURLToPath(new URL("../../docs/security.md", import.meta.url));
  const results: Record<string, readonly Result[]> = {};
  for (const mechanism of mechanisms) {
    for (const user of ["root", "user"] as const) results[`${mechanism}, ${user}`] = await tryAttacks(mechanism, user);
  }
  writeFileSync(path, attackPage(readFileSync(path, "utf8"), results));
}

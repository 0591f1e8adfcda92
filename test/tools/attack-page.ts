import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { tryAttacks } from "./attack-results.ts";
import { attacks, type Result } from "./attacks.ts";

const begin = "<!-- attacks: made by `bun test/tools/attack-page.ts` -->";
const end = "<!-- end of attacks -->";

/** The page with its table made anew from what each mechanism has refused. */
export function attackPage(page: string, results: Record<"bubblewrap" | "unshare", readonly Result[]>): string {
  const [before, rest] = page.split(begin);
  const after = rest?.split(end)[1];
  if (after === undefined) throw new Error("docs/tools.md has no place for the table of attacks.");
  let index = 0;
  const tables = attacks.map((group) => {
    const rows = group.attacks.map(({ what }) => {
      const row = [what, results.bubblewrap[index], results.unshare[index]];
      index += 1;
      return row as string[];
    });
    return table([[group.title, "bubblewrap", "unshare"], ...rows]);
  });
  return `${before}${begin}\n\n${tables.join("\n\n")}\n\n${end}${after}`;
}

function table(rows: string[][]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (cells: string[]) => `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`;
  return [line(rows[0]!), line(widths.map((width) => "-".repeat(width))), ...rows.slice(1).map(line)].join("\n");
}

if (import.meta.main) {
  const path = fileURLToPath(new URL("../../docs/tools.md", import.meta.url));
  const results = { bubblewrap: await tryAttacks("bubblewrap"), unshare: await tryAttacks("unshare") };
  writeFileSync(path, attackPage(readFileSync(path, "utf8"), results));
}

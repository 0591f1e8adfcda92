import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as exported from "../src/index.ts";
import {
  insteadOfEntry,
  insteadOfName,
  publishedEntries,
  publishedExports,
  publishedNames,
} from "../src/jsx/published-names.ts";
import { replaceMarked } from "./marked-page.ts";

const page = fileURLToPath(new URL("../docs/migrating.md", import.meta.url));

/** The text of docs/migrating.md, with the names of the published package as the code refuses them. */
export function migratingPage(text = readFileSync(page, "utf8")): string {
  const names = rows([...publishedNames, ...publishedExports], insteadOfName);
  const entries = rows(publishedEntries, insteadOfEntry, (entry) => `smithers-orchestrator/${entry}`);
  const table = ["| there | here |", "| --- | --- |", ...names, ...entries].join("\n");
  return replaceMarked(text, "names", "migrating-page.ts", table);
}

/** One row for each advice, with the names that it is about. */
function rows(names: readonly string[], adviceOf: (name: string) => string, shown = (name: string) => name): string[] {
  const advices = [...new Set(names.map(adviceOf))];
  return advices.map((advice) => {
    const about = names.filter((name) => adviceOf(name) === advice).map((name) => code(shown(name)));
    return `| ${about.join(", ")} | ${marked(advice)} |`;
  });
}

/** A sentence of the table, with links to the pages that it names and with names in code type. */
function marked(advice: string): string {
  return advice.replace(/docs\/([\w-]+)\.md|smithers server|[\w.]+(?:\(\))?/g, (word, page?: string) => {
    if (page !== undefined) return `[docs/${page}.md](${page}.md)`;
    return isName(word) ? code(word) : word;
  });
}

/** Whether a word is a name of this package, and not an English word that is also one, such as "read". */
const isName = (word: string) =>
  otherNames.has(word) || word.endsWith("()") || (/[A-Z]/.test(word) && (word in exported || word in created));

const created = exported.createSmithers({});
/** Names without a capital or a door of their own. */
const otherNames: ReadonlySet<string> = new Set(["continueOnFail", "dbPath", "deps", "outputs", "smithers server"]);

const code = (text: string) => `\`${text}\``;

if (import.meta.main) writeFileSync(page, migratingPage());

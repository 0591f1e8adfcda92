/**
 * Writes what coding agents read: llms.txt, an index of the pages with a line each, and llms-full.txt, which holds them
 * all. The index is kept in the repository; the build writes the whole text for the package.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const projectDir = join(import.meta.dirname, "..");
const read = (file: string) => readFileSync(join(projectDir, file), "utf8");

/** The pages in the order in which the README links them; a page that it does not link comes last. */
export function docsPages(): string[] {
  const linked = [...read("README.md").matchAll(/\]\((docs\/[\w-]+\.md)/g)].map(([, file]) => file!);
  const all = readdirSync(join(projectDir, "docs")).filter((name) => name.endsWith(".md"));
  return [...new Set([...linked, ...all.sort().map((name) => `docs/${name}`)])];
}

/** The text of llms.txt. */
export function llmsIndex(): string {
  const { title, opening } = headOf("README.md");
  const lines = docsPages().map((file) => {
    const { title, opening } = headOf(file);
    return `- [${title}](${file}): ${firstSentence(opening)}`;
  });
  return `# ${title}\n\n> ${opening}\n\n## Docs\n\n- [README](README.md): ${readmeLine}\n${lines.join("\n")}\n`;
}

/** The text of llms-full.txt: the README and every page. */
export function llmsFull(): string {
  return ["README.md", ...docsPages()].map((file) => `<!-- ${file} -->\n\n${read(file).trim()}\n`).join("\n");
}

const readmeLine = "start a project, run a server, one workflow line by line.";

/** A page's title and its first paragraph, without links. */
function headOf(file: string): { title: string; opening: string } {
  const [title, opening] = read(file).split(/\n{2,}/);
  return {
    title: plain(title!.replace(/^# /, "")),
    opening: plain(opening!.replaceAll("\n", " ")),
  };
}

const plain = (markdown: string) => markdown.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").trim();

const firstSentence = (text: string) => /^.*?\.(?= |$)/.exec(text)?.[0] ?? text;

if (import.meta.main) {
  writeFileSync(join(projectDir, "llms.txt"), llmsIndex());
  writeFileSync(join(projectDir, "llms-full.txt"), llmsFull());
}

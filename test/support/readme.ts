import { readFileSync } from "node:fs";
import { join } from "node:path";
import { projectDir } from "./packed.ts";

/** The files that a document shows, each in a fence with its title. */
export function documentFiles(document: string): Record<string, string> {
  const text = readFileSync(join(projectDir, document), "utf8");
  const fences = text.matchAll(/^```\w+ title="([^"]+)"\n([\s\S]*?)^```$/gm);
  return Object.fromEntries([...fences].map(([, title, code]) => [title!, code!]));
}

/** A file as the README shows it. */
export function readmeFile(title: string): string {
  const file = documentFiles("README.md")[title];
  if (file === undefined) throw new Error(`The README shows no ${title}.`);
  return file;
}

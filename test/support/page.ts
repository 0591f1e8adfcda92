import { readFileSync } from "node:fs";
import { join } from "node:path";
import { projectDir } from "./packed.ts";

/** A fenced block of a page: its language, its title, and what it holds. */
export interface Fence {
  readonly language: string;
  readonly title: string;
  readonly text: string;
}

/** The blocks of a page of docs that bear a title, in order. */
export function fencesOf(page: string): Fence[] {
  const text = readFileSync(join(projectDir, page), "utf8");
  return [...text.matchAll(/^```(\w+) title="([^"]+)"\n(.*?)^```$/gms)].map(([, language, title, block]) => ({
    language: language!,
    title: title!,
    text: block!,
  }));
}

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { projectDir } from "./packed.ts";

/** A file as the README shows it, in the fence with that title. */
export function readmeFile(title: string): string {
  const readme = readFileSync(join(projectDir, "README.md"), "utf8");
  const fence = readme.split("```").find((block) => block.split("\n", 1)[0]!.endsWith(`title="${title}"`));
  if (fence === undefined) throw new Error(`The README shows no ${title}.`);
  return fence.slice(fence.indexOf("\n") + 1);
}

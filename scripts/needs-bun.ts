import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * For each entry of the package that needs Bun, writes the module that other runtimes get instead: it exports the same
 * names and throws an error of one sentence. The names must exist, or an `import { … }` fails before the module can
 * throw. CommonJS works for `import` and `require`.
 */
const projectDir = join(import.meta.dirname, "..");
const { exports } = JSON.parse(readFileSync(join(projectDir, "package.json"), "utf8"));

for (const entry of Object.values<{ bun?: string; default: string }>(exports)) {
  if (entry.bun === undefined) continue;
  const names = Object.keys(await import(join(projectDir, entry.bun)));
  const file = join(projectDir, entry.default);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, standIn(names));
}

function standIn(names: readonly string[]): string {
  const problem =
    "smithers-orchestrator needs Bun 1.3 or later: install it with `npm install --save-dev bun` and start this " +
    "program with `npx bun <file>`.";
  return [
    "// Written by scripts/needs-bun.ts.",
    ...names.map((name) => `exports.${name} = undefined;`),
    `throw new Error(${JSON.stringify(problem)});`,
    "",
  ].join("\n");
}

import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const srcDir = join(import.meta.dir, "../../src");

const declaration =
  /^export (?:declare )?(?:abstract )?(?:async )?(?:const enum|const|let|function\*?|class|interface|type|enum) (\w+)/;
/** `export { a, type B } from "…"`, over one line or several, and `export * from "…"`. */
const reExport = /^export (?:type )?(?:\{[^}]*\}|\*(?: as \w+)?) from "[^"]+";$/gm;

/** The names that one module of `src` declares and exports. */
function declaredIn(file: string): string[] {
  const text = readFileSync(join(srcDir, file), "utf8").replaceAll(reExport, "");
  const lines = text.split("\n").filter((line) => /^export (?!default )/.test(line));
  const names = lines.map((line) => {
    const name = declaration.exec(line)?.[1];
    if (name === undefined) throw new Error(`${file}: this test cannot read "${line}".`);
    return name;
  });
  return [...new Set(names)];
}

test("no two modules of src export different things under one name", () => {
  // What lies in src itself are the package's entry points: they export again what others declare.
  const modules = readdirSync(srcDir, { recursive: true, encoding: "utf8" }).filter((file) => /\/.+\.tsx?$/.test(file));
  const byName = new Map<string, string[]>();
  for (const file of modules.sort()) {
    for (const name of declaredIn(file)) byName.set(name, [...(byName.get(name) ?? []), file]);
  }
  expect(byName.size).toBeGreaterThan(500);
  expect(Object.fromEntries([...byName].filter(([, files]) => files.length > 1))).toEqual({});
});

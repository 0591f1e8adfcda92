import { copyFileSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

/**
 * Bundles MDX's compiler into `dist/mdx/library.js`, with the licences of all packages in it. Users would otherwise
 * install 115 packages for it. Also gives the types of `.mdx` files to the package's users.
 */
const projectDir = join(import.meta.dirname, "..");
const inDist = (path: string) => join(projectDir, "dist", path);

const library = inDist("mdx/library.js");
const result = await Bun.build({
  entrypoints: [join(projectDir, "src/mdx/library.ts")],
  target: "node",
  minify: true,
  sourcemap: "external",
});
const outputOf = (kind: string) => result.outputs.find((output) => output.kind === kind)!.text();
const { sources } = JSON.parse(await outputOf("sourcemap")) as { sources: string[] };
// Sources are relative to the working folder. The last node_modules in a path holds the package.
const folders = new Set(
  sources.flatMap((source) => /.*\/node_modules\/(@[^/]+\/)?[^/]+/.exec(resolve(source))?.[0] ?? []),
);
writeFileSync(library, (await outputOf("entry-point")).replace(/\n\/\/# (debugId|sourceMappingURL)=.*/g, ""));
writeFileSync(
  inDist("mdx/library.LICENSES.txt"),
  [...folders]
    .sort()
    .map(noticeOf)
    .join(`\n${"-".repeat(80)}\n\n`),
);

// The TypeScript compiler copies no declaration files, and names them in the sources.
copyFileSync(join(projectDir, "src/mdx/modules.d.ts"), inDist("mdx/modules.d.ts"));
const types = inDist("index.d.ts");
writeFileSync(types, readFileSync(types, "utf8").replace("../src/mdx/modules.d.ts", "./mdx/modules.d.ts"));

/** The licence that a bundled package asks to be kept with its code. */
function noticeOf(folder: string): string {
  const { name, version, license, author } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  const owner = typeof author === "string" ? author : (author?.name ?? `the authors of ${name}`);
  const text = file === undefined ? `Copyright (c) ${owner}\n` : readFileSync(join(folder, file), "utf8");
  return `${name} ${version} (${license})\n\n${text}`;
}

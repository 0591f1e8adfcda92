/**
 * Writes the code of `dist`: a few files in place of hundreds, since every process of this package opens all that it
 * needs at its start. Other packages stay outside. All entries share one set of chunks, so that a process which loads
 * several of them has each module once.
 */
import { join } from "node:path";
import { rolldown } from "rolldown";

/** The entries of package.json, and what is loaded by its path with `moduleFile` of `src/package`. */
const entries = [
  "index",
  "jsx-runtime",
  "jsx-dev-runtime",
  "serve",
  "server/index",
  "mdx-plugin",
  "client/index",
  "tools/index",
  "cli/main",
  "cli/without-bun",
  "workers/entry",
  "tools/grep/walk-process",
  "telemetry/sdk",
  "containment/task-globals",
  "jsx/task-console",
  // Measured by a row of the benchmarks as it is published.
  "tools/sandbox/index",
];

const projectDir = join(import.meta.dirname, "..");

const bundle = await rolldown({
  input: Object.fromEntries(entries.map((name) => [name, join(projectDir, "src", `${name}.ts`)])),
  // The client is for every runtime, and the helpers for Node would be in all files.
  platform: "neutral",
  // Nothing is left out: a call such as decodeURIComponent counts as pure, and may be there for what it throws.
  treeshake: false,
  external: (id) => !/^[./]/.test(id),
});
await bundle.write({
  dir: join(projectDir, "dist"),
  entryFileNames: "[name].js",
  chunkFileNames: "chunks/[name]-[hash].js",
  // Stack traces keep the names of functions without a source map.
  minify: false,
  // A third of the text that every start reads. The declarations keep them, for editors.
  comments: false,
});

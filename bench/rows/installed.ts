import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Benchmark } from "../benchmark.ts";

const projectDir = fileURLToPath(new URL("../..", import.meta.url));

export const installed: Benchmark = {
  name: "installed",
  title: "what npm install of the package brings into an empty folder",
  needsProcess: true,
  async run(bench) {
    const app = join(bench.folder, "app");
    mkdirSync(app);
    writeFileSync(join(app, "package.json"), JSON.stringify({ name: "app", private: true }));
    npm(projectDir, "pack", "--ignore-scripts", "--silent", "--pack-destination", bench.folder);
    const tarball = readdirSync(bench.folder).find((name) => name.endsWith(".tgz"))!;
    npm(app, "install", "--no-audit", "--no-fund", "--prefer-offline", "--silent", join(bench.folder, tarball));
    const lock = JSON.parse(readFileSync(join(app, "node_modules/.package-lock.json"), "utf8"));
    const paths = Object.keys(lock.packages as Record<string, unknown>);
    const sizes = paths.map((path) => [path, ownBytes(join(app, path)) / 1e6] as const);
    const largest = [...sizes].sort((a, b) => b[1] - a[1]).slice(0, 6);
    return [
      { what: "packages", value: paths.length, unit: "", atMost: 60 },
      { what: "in all", value: sizes.reduce((sum, [, mb]) => sum + mb, 0), unit: "MB", atMost: 60 },
      ...largest.map(([path, value]) => ({ what: `  ${path.slice("node_modules/".length)}`, value, unit: "MB" })),
    ];
  },
};

/** What a package's files take on disk, without the packages that it brings along. */
function ownBytes(folder: string): number {
  let bytes = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === "node_modules") continue;
    const path = join(folder, entry.name);
    bytes += entry.isDirectory() ? ownBytes(path) : statSync(path).blocks * 512;
  }
  return bytes;
}

function npm(cwd: string, ...args: string[]): void {
  execFileSync("npm", args, { cwd, stdio: ["ignore", "ignore", "inherit"] });
}

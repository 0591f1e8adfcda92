import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Benchmark } from "../benchmark.ts";

const projectDir = fileURLToPath(new URL("../..", import.meta.url));

export const installed: Benchmark = {
  name: "installed",
  title: "packages and size of npm install in an empty folder",
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
    const sizes = paths.map((path) => ({ path, ...ownSize(join(app, path)) }));
    const largest = [...sizes].sort((a, b) => b.bytes - a.bytes).slice(0, 6);
    const sum = (of: (size: Size) => number) => sizes.reduce((total, size) => total + of(size), 0);
    return [
      { what: "packages", value: paths.length, unit: "", atMost: 60 },
      { what: "total", value: sum(({ bytes }) => bytes) / 1e6, unit: "MB", atMost: 60 },
      ...largest.map(({ path, bytes }) => ({
        what: `  ${path.slice("node_modules/".length)}`,
        value: bytes / 1e6,
        unit: "MB",
      })),
      { what: "total on disk, in whole blocks", value: sum(({ blockBytes }) => blockBytes) / 1e6, unit: "MB" },
    ];
  },
};

interface Size {
  /** Npm's unpacked size. */
  readonly bytes: number;
  /** Space on the disk: many small files take more than their size. */
  readonly blockBytes: number;
}

/** Size of a package's own files, without nested packages. */
function ownSize(folder: string): Size {
  let [bytes, blockBytes] = [0, 0];
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === "node_modules") continue;
    const path = join(folder, entry.name);
    const { size, blocks } = statSync(path);
    const of = entry.isDirectory() ? ownSize(path) : { bytes: size, blockBytes: blocks * 512 };
    bytes += of.bytes;
    blockBytes += of.blockBytes;
  }
  return { bytes, blockBytes };
}

function npm(cwd: string, ...args: string[]): void {
  execFileSync("npm", args, { cwd, stdio: ["ignore", "ignore", "inherit"] });
}

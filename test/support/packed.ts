import { afterAll } from "bun:test";
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bomOfRelease } from "../../scripts/sbom.ts";
import { shrinkwrapOf } from "../../scripts/shrinkwrap.ts";
import { readLockfile } from "../../scripts/supply-chain.ts";
import { write } from "./folder.ts";

export const projectDir = fileURLToPath(new URL("../..", import.meta.url));

/** An empty project that has installed the tarball that `npm pack` makes, and nothing else. `dist` must be built. */
export function packedApp(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), "smithers-packed-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  // A copy: other tests use the project at the same time, and npm would take its shrinkwrap for a lockfile.
  const release = join(folder, "release");
  const { files: published } = JSON.parse(readFileSync(join(projectDir, "package.json"), "utf8")) as {
    files: string[];
  };
  for (const name of ["package.json", ...published]) {
    if (existsSync(join(projectDir, name))) cpSync(join(projectDir, name), join(release, name), { recursive: true });
  }
  writeFileSync(join(release, "npm-shrinkwrap.json"), JSON.stringify(shrinkwrapOf(readLockfile())));
  writeFileSync(join(release, "sbom.cdx.json"), JSON.stringify(bomOfRelease()));
  npm(release, "pack", "--ignore-scripts", "--silent", "--pack-destination", folder);
  const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz"))!;
  const app = join(folder, "app");
  write(app, { "package.json": JSON.stringify({ name: "app", private: true, type: "module" }), ...files });
  npm(app, "install", "--no-audit", "--no-fund", "--prefer-offline", "--silent", join("..", tarball));
  return app;
}

function npm(cwd: string, ...args: string[]): void {
  execFileSync("npm", args, { cwd, stdio: ["ignore", "ignore", "inherit"] });
}

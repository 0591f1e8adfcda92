import { afterAll } from "bun:test";
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { shrinkwrapOf } from "../../scripts/shrinkwrap.ts";
import { readLockfile } from "../../scripts/supply-chain.ts";
import { write } from "./folder.ts";

export const projectDir = fileURLToPath(new URL("../..", import.meta.url));

/**
 * A project that has installed the tarball that `npm pack` makes, and nothing else. `dist` must be built.
 * npm finds the packages that the lockfile names already unpacked, and adds what is missing and removes what is not
 * needed: to unpack them costs as much as all else here.
 */
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
  // What it holds is shown where the bill is made, in supply-chain.test.ts.
  writeFileSync(join(release, "sbom.cdx.json"), JSON.stringify({ bomFormat: "CycloneDX" }));
  npm(release, "pack", "--ignore-scripts", "--silent", "--pack-destination", folder);
  const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz"))!;
  const app = join(folder, "app");
  write(app, { "package.json": JSON.stringify({ name: "app", private: true, type: "module" }), ...files });
  const lock = readLockfile();
  const { peerDependencies, peerDependenciesMeta } = JSON.parse(readFileSync(join(projectDir, "package.json"), "utf8"));
  const peers = Object.keys(peerDependencies)
    .filter((name) => !peerDependenciesMeta[name]?.optional)
    .map((name) => `node_modules/${name}`);
  linkInstalled([...Object.keys(shrinkwrapOf(lock).packages).filter(Boolean), ...peers], app);
  npm(app, "install", "--no-audit", "--no-fund", "--prefer-offline", "--silent", join("..", tarball));
  return app;
}

/** Gives an app the packages of this project in these folders, and their commands, as hard links where that is possible. */
function linkInstalled(folders: readonly string[], app: string): void {
  const commands = ["pino", "yaml"].map((name) => join("node_modules/.bin", name));
  const present = [...folders, ...commands].filter((folder) => existsSync(join(projectDir, folder)));
  const copy = (how: string) =>
    execFileSync("cp", [how, "--parents", ...present, app], { cwd: projectDir, stdio: "ignore" });
  try {
    copy("-al");
  } catch {
    // The folder for temporary files is on another file system.
    copy("-a");
  }
}

function npm(cwd: string, ...args: string[]): void {
  execFileSync("npm", args, { cwd, stdio: ["ignore", "ignore", "inherit"] });
}

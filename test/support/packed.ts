import { afterAll } from "bun:test";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { write } from "./folder.ts";

export const projectDir = fileURLToPath(new URL("../..", import.meta.url));

/** An empty project that has installed the tarball that `npm pack` makes, and nothing else. `dist` must be built. */
export function packedApp(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), "smithers-packed-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  npm(projectDir, "pack", "--ignore-scripts", "--silent", "--pack-destination", folder);
  const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz"))!;
  const app = join(folder, "app");
  write(app, { "package.json": JSON.stringify({ name: "app", private: true, type: "module" }), ...files });
  npm(app, "install", "--no-audit", "--no-fund", "--prefer-offline", "--silent", join("..", tarball));
  return app;
}

function npm(cwd: string, ...args: string[]): void {
  execFileSync("npm", args, { cwd, stdio: ["ignore", "ignore", "inherit"] });
}

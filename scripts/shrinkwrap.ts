/** Writes npm-shrinkwrap.json for a release: `npm pack` and `npm publish` call this, and remove the file afterwards. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { installedPackages, type Lockfile, readLockfile } from "./supply-chain.ts";

/**
 * The exact versions of what this package depends on, with checksums and without download addresses. Its peers are left
 * out: an app has one copy of them, which it shares with this package.
 */
export function shrinkwrapOf(lockfile: Lockfile): Lockfile {
  const { devDependencies: _, ...root } = lockfile.packages[""]!;
  const peers = new Set(Object.keys(root.peerDependencies ?? {}).map((name) => `node_modules/${name}`));
  const kept = installedPackages(lockfile)
    .filter(([folder]) => !peers.has(folder))
    .map(([folder, { resolved: _, ...locked }]) => [folder, locked] as const);
  return { ...lockfile, packages: { "": root, ...Object.fromEntries(kept) } };
}

if (import.meta.main) {
  const file = join(import.meta.dirname, "../npm-shrinkwrap.json");
  writeFileSync(file, `${JSON.stringify(shrinkwrapOf(readLockfile()), null, 2)}\n`);
}

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

/** A folder of Bun's cache, with one version of a package. */
const inPackageCache = /[\\/][^\\/]+@@@\d+[\\/]/;

/**
 * Resolves an import as Bun does, except to a package that is not installed: where no folder has a `node_modules`, Bun
 * would take the newest version from its registry, also for a misspelled name.
 * @throws when nothing is found
 */
export function resolveInstalled(specifier: string, fromDir: string): string {
  const found = Bun.resolveSync(specifier, fromDir);
  // An installation can consist of links into the cache.
  if (inPackageCache.test(found) && !hasInstallation(fromDir)) {
    throw new Error(`The package of ${specifier} is not installed for ${fromDir}.`);
  }
  return found;
}

function hasInstallation(folder: string): boolean {
  if (existsSync(join(folder, "node_modules"))) return true;
  const parent = dirname(folder);
  return parent !== folder && hasInstallation(parent);
}

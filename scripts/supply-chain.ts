/**
 * What holds of the packages that an installation of this one brings: permissive licences, no script that runs at
 * installation, exact versions with a checksum. `npm run supply-chain` checks package-lock.json.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";

interface LockedPackage {
  readonly version?: string;
  readonly license?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly hasInstallScript?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

export interface Lockfile {
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

/** https://spdx.org/licenses: those that ask for no more than a notice. */
const permissive: ReadonlySet<string> = new Set([
  "0BSD",
  "Apache-2.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "BlueOak-1.0.0",
  "CC0-1.0",
  "ISC",
  "MIT",
  "Unlicense",
]);

/** Packages that npm installs with this one, by their folders: its dependencies and the peers that it needs. */
export function installedPackages({ packages }: Lockfile): [folder: string, locked: LockedPackage][] {
  return Object.entries(packages).filter(([folder, { dev, devOptional }]) => folder !== "" && !dev && !devOptional);
}

/** What is wrong with the packages that are installed, a line each. */
export function faultsOf(lockfile: Lockfile): string[] {
  return installedPackages(lockfile).flatMap(
    ([folder, { version, license, integrity, resolved, hasInstallScript }]) => {
      const name = folder.replace(/^.*node_modules\//, "");
      return [
        isPermissive(license)
          ? []
          : `${name}: the licence ${license ?? "is unknown"}${license ? " is not permissive" : ""}`,
        hasInstallScript ? `${name}: it runs a script when it is installed` : [],
        version === undefined || integrity === undefined ? `${name}: it has no version with a checksum` : [],
        resolved === undefined ? [] : `${name}: package-lock.json records where it was downloaded`,
      ].flat();
    },
  );
}

/** Whether an SPDX expression leaves the choice of permissive licences only. */
function isPermissive(expression = ""): boolean {
  const plain = expression.replace(/^\((.*)\)$/, "$1");
  if (plain.includes("(")) return false;
  return plain.split(/ OR /i).some((choice) => choice.split(/ AND /i).every((id) => permissive.has(id.trim())));
}

export const readLockfile = (): Lockfile =>
  JSON.parse(readFileSync(join(import.meta.dirname, "../package-lock.json"), "utf8"));

if (import.meta.main) {
  const lockfile = readLockfile();
  const faults = faultsOf(lockfile);
  for (const fault of faults) console.error(fault);
  if (faults.length > 0) process.exit(1);
  console.log(`${installedPackages(lockfile).length} packages: permissive licences, no scripts, exact versions.`);
}

import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { bomOfRelease } from "../../scripts/sbom.ts";
import { shrinkwrapOf } from "../../scripts/shrinkwrap.ts";
import { faultsOf, installedPackages, type Lockfile, readLockfile } from "../../scripts/supply-chain.ts";
import { projectDir } from "../support/packed.ts";

const lockfile = readLockfile();
const own = JSON.parse(readFileSync(join(projectDir, "package.json"), "utf8"));

const locked = { version: "1.0.0", license: "MIT", integrity: "sha512-x" };
const withPackage = (more: object): Lockfile => ({
  packages: { "": {}, "node_modules/a": locked, "node_modules/a/node_modules/b": { ...locked, ...more } },
});

test("what an installation brings has permissive licences, runs no script and has exact versions", () => {
  expect(faultsOf(lockfile)).toEqual([]);
  const names = installedPackages(lockfile).map(([folder]) => folder.replace("node_modules/", ""));
  for (const name of Object.keys(own.dependencies)) expect(names).toContain(name);
  expect(names.length).toBeLessThan(60);
});

test.each([
  [{ license: "GPL-3.0-only" }, "b: the licence GPL-3.0-only is not permissive"],
  [{ license: "MIT AND LGPL-2.1" }, "b: the licence MIT AND LGPL-2.1 is not permissive"],
  [{ license: undefined }, "b: the licence is unknown"],
  [{ license: "SEE LICENSE IN file" }, "b: the licence SEE LICENSE IN file is not permissive"],
  [{ hasInstallScript: true }, "b: it runs a script when it is installed"],
  [{ integrity: undefined }, "b: it has no version with a checksum"],
  [{ resolved: "https://example.org/b.tgz" }, "b: package-lock.json records where it was downloaded"],
])("a package with %j is refused", (more, fault) => {
  expect(faultsOf(withPackage(more))).toEqual([fault]);
});

test.each([{ license: "(MIT OR GPL-2.0)" }, { license: "ISC AND MIT" }, { license: "GPL-3.0", dev: true }])(
  "a package with %j is accepted",
  (more) => {
    expect(faultsOf(withPackage(more))).toEqual([]);
  },
);

test("the shrinkwrap has an exact version of all dependencies, and leaves the peers to the app", () => {
  const { packages } = shrinkwrapOf(lockfile);
  for (const name of Object.keys(own.dependencies))
    expect(packages[`node_modules/${name}`]?.version).toMatch(/^\d+\.\d+\.\d+/);
  for (const name of Object.keys(own.peerDependencies)) expect(packages[`node_modules/${name}`]).toBeUndefined();
  expect(JSON.stringify(packages)).not.toMatch(
    /"resolved"|"dev"|https?:\/\/(?!github|opencollective|paulmillr|dotenvx)[^"]*\.tgz/,
  );
});

test("the bill of materials lists what is installed, with licences, and nothing else", () => {
  const { components } = bomOfRelease();
  const wanted = installedPackages(lockfile).map(
    ([folder, { version }]) => `${folder.replace(/^.*node_modules\//, "")}@${version}`,
  );
  expect(components.map(({ purl }) => decodeURIComponent(purl.replace("pkg:npm/", ""))).sort()).toEqual(
    [...new Set(wanted)].sort(),
  );
});

import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, relative, resolve } from "node:path";

/** A package's folder, its name and its version. */
export interface InstalledPackage {
  readonly folder: string;
  readonly name: string;
  readonly version: string;
}

/**
 * The spec under which a package was installed, so that `target` can install the same one: the tarball, folder, address
 * or git repository that a project's package.json names, or `^version` for a package from a registry. A package outside
 * of `node_modules`, such as a linked checkout, is named by its folder.
 */
export function installedAs({ folder, name, version }: InstalledPackage, target: string): string {
  const projects = projectsAround(folder);
  if (projects.length === 0) return fileSpec(folder, target);
  for (const project of projects) {
    const spec = specIn(project, name);
    if (spec === undefined) continue;
    const path =
      /^(?:file|link):(?:\/\/(?=\/))?(.*)$/.exec(spec)?.[1] ?? (/^(?:\.{1,2}|~)?\//.test(spec) ? spec : undefined);
    if (path !== undefined) return fileSpec(resolve(project, path), target);
    if (isElsewhere(spec)) return spec;
  }
  return `^${version}`;
}

/** The projects whose `node_modules` contain the folder, nearest first. */
function projectsAround(folder: string): string[] {
  const projects: string[] = [];
  for (let at = folder; at !== dirname(at); at = dirname(at)) {
    if (basename(at) === "node_modules") projects.push(dirname(at));
  }
  return projects;
}

function specIn(project: string, name: string): string | undefined {
  const file = `${project}/package.json`;
  if (!existsSync(file)) return undefined;
  const { dependencies, devDependencies, optionalDependencies } = JSON.parse(readFileSync(file, "utf8"));
  return dependencies?.[name] ?? devDependencies?.[name] ?? optionalDependencies?.[name];
}

/** Whether a spec names a git repository or an address. Versions and tags hold neither a colon nor a slash. */
const isElsewhere = (spec: string) => /[:/]/.test(spec) && !/^(?:npm|workspace|catalog):/.test(spec);

/** npm writes the paths of local packages relative to the project, with forward slashes. */
const fileSpec = (path: string, target: string) => `file:${relative(target, path).replaceAll("\\", "/") || "."}`;

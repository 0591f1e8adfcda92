import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

// The sources are executed as they are; the build puts many modules into one file, wherever it likes in `dist`. So what
// lies next to a module is found from the package's folder, never from the module's own place.
const thisFile = fileURLToPath(import.meta.url);
const isSource = thisFile.endsWith(".ts");

/** Absolute path of the package's folder, which holds its package.json. */
export const packageFolder = folderAbove(thisFile, "package.json");

/** Absolute path of the folder of the code that is executed: `src` or `dist`. */
export const codeFolder = join(packageFolder, isSource ? "src" : "dist");

/**
 * Absolute path of a module that other files or processes load by its path. The build gives it a file of its own: it is
 * in the list of `scripts/bundle.ts`.
 * @param name path in `src` without its ending, as `workers/entry`
 */
export function moduleFile(name: string): string {
  return join(codeFolder, `${name}${isSource ? ".ts" : ".js"}`);
}

/** What is used of this package's package.json. */
export interface PackageInfo {
  readonly name: string;
  readonly version: string;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

/** Reads this package's package.json. */
export function packageInfo(): PackageInfo {
  return JSON.parse(readFileSync(join(packageFolder, "package.json"), "utf8"));
}

/** The nearest folder above a file that holds `name`, or else the root folder. */
function folderAbove(file: string, name: string): string {
  const folder = dirname(file);
  return folder === file || existsSync(join(folder, name)) ? folder : folderAbove(folder, name);
}

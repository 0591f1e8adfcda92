import { matchesGlob } from "node:path";

/** Which files may be started, by their paths from the root, with links resolved. */
export interface Startable {
  allows(path: string): boolean;
  /** Why a path is not allowed, as the end of a sentence that begins with it. */
  readonly reason: string;
}

const packages = "node_modules";
const namesPackages = (path: string) => path.split("/").includes(packages);

/**
 * The files that globs name; without globs every file. A file in a `node_modules` folder is among them only if a glob
 * names that folder.
 * @param globs relative to the root; a folder stands for everything in it
 */
export function startable(globs: readonly string[] = []): Startable {
  if (globs.length === 0) {
    return {
      allows: (path) => !namesPackages(path),
      reason: `is in a folder ${packages}; name it in the server's option workflows to allow it`,
    };
  }
  const plain = globs.map((glob) => glob.replace(/^(\.\/)+/, "").replace(/\/+$/, ""));
  return {
    allows: (path) =>
      plain.some(
        (glob) =>
          (namesPackages(glob) || !namesPackages(path)) &&
          (glob === "." || matchesGlob(path, glob) || matchesGlob(path, `${glob}/**`)),
      ),
    reason: `is not among the workflows that this server starts: ${globs.join(", ")}`,
  };
}

export const everything: Startable = { allows: () => true, reason: "" };

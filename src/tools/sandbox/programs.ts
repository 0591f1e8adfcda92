import { accessSync, constants, statSync } from "node:fs";
import { join } from "node:path";

/** Where the system's own programs lie, for a server whose PATH is bare. */
const systemPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The path of a program, looked for as a shell would. */
export function findProgram(name: string): string | undefined {
  for (const folder of `${process.env.PATH ?? ""}:${systemPath}`.split(":")) {
    if (!folder.startsWith("/")) continue;
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      if (statSync(path).isFile()) return path;
    } catch {
      // It is not there.
    }
  }
  return undefined;
}

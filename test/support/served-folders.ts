import { join } from "node:path";
import { forAllTests } from "./cleanup.ts";
import { folder, write } from "./folder.ts";
import { serveWithoutWorkers, type TestServer } from "./server.ts";

export interface ServedFolder {
  /** The folder's path. */
  readonly path: string;
  /** The folder's name in the server's root, with which the paths of its workflows begin. */
  readonly name: string;
  readonly server: TestServer;
}

/**
 * Starts one server for all tests of a file, and returns what gives a test a folder of its own below the server's root,
 * with these files by relative path.
 */
export function servedFolders(): (files?: Record<string, string>) => ServedFolder {
  const served = forAllTests(async () => {
    const root = folder();
    return { root, server: await serveWithoutWorkers(root) };
  });
  let count = 0;
  return (files = {}) => {
    const { root, server } = served();
    count += 1;
    const name = `folder-${count}`;
    write(join(root, name), files);
    return { path: join(root, name), name, server };
  };
}

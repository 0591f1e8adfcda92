import { join } from "node:path";
import type { StartOptions } from "../../src/client/index.ts";
import { forAllTests } from "./cleanup.ts";
import { Client } from "./client.ts";
import { folder, write } from "./folder.ts";
import { serveWithoutWorkers } from "./server.ts";

/** A folder in the root of a server, and a client that names workflow files by their paths in the folder. */
export interface ServedFolder {
  readonly root: string;
  readonly server: Client;
}

/**
 * One server, without workers unless the options say so, for all tests of a file that need none of their own: it costs
 * more than most tests.
 * @returns what gives a test a folder with these files, which no other test uses
 */
export function sharedServer(
  options: Parameters<typeof serveWithoutWorkers>[1] = {},
): (files?: Record<string, string>) => ServedFolder {
  const served = forAllTests(async () => {
    const root = folder();
    return { root, url: (await serveWithoutWorkers(root, options)).url };
  });
  let folders = 0;
  return (files = {}) => {
    const { root, url } = served();
    const name = `folder-${++folders}`;
    write(root, { [`${name}/.keep`]: "" });
    write(join(root, name), files);
    return { root: join(root, name), server: new FolderClient(url, name) };
  };
}

class FolderClient extends Client {
  readonly #folder: string;

  constructor(url: string, folder: string) {
    super(url);
    this.#folder = folder;
  }

  override start(workflowPath: string, input?: unknown, more?: Partial<StartOptions>): Promise<string> {
    return super.start(`${this.#folder}/${workflowPath}`, input, more);
  }
}

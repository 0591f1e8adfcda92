import { mkdirSync, mkdtempSync, realpathSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterThisTest } from "./cleanup.ts";

/** A folder of its own with these files, by relative path; gone after the test. */
export function folder(files: Record<string, string> = {}, parent = tmpdir()): string {
  const path = realpathSync(mkdtempSync(join(parent, "smithers-test-")));
  afterThisTest(() => rmSync(path, { recursive: true, force: true }));
  write(path, files);
  return path;
}

/** Where a database waits for no disk, if there is such a place with enough room. */
export const inMemory: string = hasRoom("/dev/shm") ? "/dev/shm" : tmpdir();

function hasRoom(path: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize > 2 ** 29;
  } catch {
    return false;
  }
}

export function write(path: string, files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), text);
  }
}

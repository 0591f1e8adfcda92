import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { throwIfExhausted } from "../../files/index.ts";
import { yieldToEventLoop } from "../../timing/index.ts";

/** Folders that are read before the event loop gets a turn. */
const foldersPerTurn = 200;

/**
 * All names in some folders of files that have more than one name (hard links). Usually none of the files has, and then
 * nothing is read.
 */
export async function otherNames(files: readonly string[], folders: readonly string[]): Promise<string[]> {
  const wanted = new Set(files.flatMap((path) => linkedFile(path) ?? []));
  if (wanted.size === 0) return [];
  const found: string[] = [];
  for (const [index, folder] of folders.entries()) {
    if (index % foldersPerTurn === foldersPerTurn - 1) await yieldToEventLoop();
    for (const path of filesIn(folder)) {
      const file = linkedFile(path);
      if (file !== undefined && wanted.has(file)) found.push(path);
    }
  }
  return found;
}

/** What identifies a file with several names; undefined for other files. */
function linkedFile(path: string): string | undefined {
  try {
    const { dev, ino, nlink } = lstatSync(path, { bigint: true });
    return nlink > 1n ? `${dev}:${ino}` : undefined;
  } catch (error) {
    throwIfExhausted(error);
    return undefined;
  }
}

function filesIn(folder: string): string[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map(({ name }) => join(folder, name));
  } catch (error) {
    throwIfExhausted(error);
    return [];
  }
}

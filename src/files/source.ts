import { readFile } from "node:fs/promises";
import { refuseOpenDatabase } from "./open-database.ts";

/**
 * Reads a whole source file.
 * @throws an error with the code EBUSY when the path leads to a database that this process has open; the system's error
 */
export async function readSource(path: string): Promise<Buffer> {
  refuseOpenDatabase(path);
  return readFile(path);
}

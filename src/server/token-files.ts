import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/** Real `.env` files are smaller. */
const maxBytes = 1_048_576;

/** The `.env` files in these folders that contain the server's token, which may have been loaded from there. */
export function filesWithToken(token: string | undefined, folders: readonly string[]): string[] {
  if (token === undefined) return [];
  return [...new Set(folders)].flatMap((folder) =>
    envFilesIn(folder).filter((path) => {
      try {
        return statSync(path).size <= maxBytes && readFileSync(path, "utf8").includes(token);
      } catch {
        return false;
      }
    }),
  );
}

function envFilesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name === ".env" || name.startsWith(".env."))
      .map((name) => join(folder, name));
  } catch {
    return [];
  }
}

import { statSync } from "node:fs";
import { basename, relative } from "node:path";
import { notTrusted, SmithersError } from "../../errors/index.ts";
import { sqliteHeader } from "../../files/index.ts";
import { isBelow } from "../../tools/sandbox/index.ts";

/** Where the command that trusts a database is to be given. */
export interface TrustPlace {
  readonly rootDir: string;
  /** The main database; undefined when it is not a file. */
  readonly mainFile: string | undefined;
}

/**
 * The reason why a database is not used: DB_NOT_TRUSTED with the command that trusts it, or a better one when no command
 * could. Reads the file's first bytes and never opens it with SQLite, which would play back a journal next to it.
 */
export function refusalOf(path: string, { rootDir, mainFile }: TrustPlace): SmithersError {
  const name = basename(path);
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) {
    return new SmithersError("DB_UNAVAILABLE", `The database ${name} is not a regular file.`);
  }
  if (!sqliteHeader(path)) {
    return new SmithersError("DB_NOT_A_DATABASE", `${name} is not a SQLite database.`);
  }
  const shown = (file: string) => quoted(isBelow(file, rootDir) ? relative(rootDir, file) : file);
  const isUsual = mainFile === `${rootDir}/smithers.db`;
  const where = isUsual ? "" : ` --db ${mainFile === undefined ? "<the server's database>" : shown(mainFile)}`;
  return notTrusted(name, `smithers trust ${shown(path)}${where}`);
}

/**
 * Refuses a database that others could still change once it is trusted, or whose opening would change other files.
 * @throws DB_UNAVAILABLE
 */
export function refuseShared(path: string): void {
  const stats = statSync(path);
  if (stats.isFile() && stats.nlink > 1) {
    throw new SmithersError("DB_UNAVAILABLE", `${basename(path)} has other names, by which commands could change it.`, {
      advice: "Copy it to a new file, rename the copy to this name, and trust that.",
    });
  }
  const journal = `${path}-journal`;
  if ((statSync(journal, { throwIfNoEntry: false })?.size ?? 0) > 0) {
    throw new SmithersError("DB_UNAVAILABLE", `${basename(journal)} would be played back into the database.`, {
      advice: "Move it away, unless you know that it belongs there; then open the database once with sqlite3.",
    });
  }
}

const quoted = (text: string) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

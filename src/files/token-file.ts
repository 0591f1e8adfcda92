import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { SmithersError } from "../errors/index.ts";
import { keepSecret } from "../text/index.ts";

const maxBytes = 4_096;
const othersMayRead = 0o007;
const groupMayWrite = 0o020;

/**
 * Reads a server's token from a file, so that neither the command line nor the environment has it. The token is a
 * secret of this process from then on.
 * @returns the file's text without white space around it
 * @throws INVALID_OPTIONS when the file cannot be read, is empty or is not a regular file; when users outside its group
 *   may read it, or others than its owner may change it
 */
export function readTokenFile(path: string): string {
  const { O_RDONLY, O_NONBLOCK } = constants;
  let fd: number;
  try {
    // A FIFO would block until another process writes to it.
    fd = openSync(path, O_RDONLY | O_NONBLOCK);
  } catch (cause) {
    throw refused(path, `it cannot be read (${(cause as NodeJS.ErrnoException).code})`, cause);
  }
  try {
    const { mode, size, uid } = fstatSync(fd, { bigint: false });
    const isFile = (mode & constants.S_IFMT) === constants.S_IFREG;
    if (!isFile) throw refused(path, "it is not a regular file");
    if (process.platform !== "win32" && (mode & (othersMayRead | groupMayWrite)) !== 0) {
      throw refused(path, `other users may use it (mode ${(mode & 0o777).toString(8)}); run: chmod 600 ${path}`);
    }
    if (uid !== 0 && uid !== process.geteuid?.()) throw refused(path, "it belongs to another user");
    if (size > maxBytes) throw refused(path, `it has more than ${maxBytes} bytes`);
    const token = readFileSync(fd, "utf8").trim();
    if (token === "") throw refused(path, "it is empty");
    if (/[^\x21-\x7e]/.test(token)) throw refused(path, "it must hold one word of ASCII characters");
    keepSecret(token);
    return token;
  } finally {
    closeSync(fd);
  }
}

function refused(path: string, reason: string, cause?: unknown): SmithersError {
  const details = { option: "authTokenFile" };
  return new SmithersError("INVALID_OPTIONS", `The token file ${path} is not used: ${reason}.`, { details, cause });
}

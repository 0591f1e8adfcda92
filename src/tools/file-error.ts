import { readField, SmithersError } from "../errors/index.ts";

/** Turns an error of the file system into TOOL_FILE_FAILED. Other values are returned unchanged. */
export function fileError(path: string, error: unknown): unknown {
  const code = codeOf(error);
  if (code === undefined || error instanceof SmithersError) return error;
  return fileFailed(path, code, reasons[code] ?? code);
}

const reasons: Record<string, string> = {
  ENOENT: "there is no such file",
  ENOTDIR: "a part of the path is not a folder",
  ELOOP: "it was replaced by a link",
  EACCES: "it may not be opened",
  EPERM: "it may not be changed",
  EISDIR: "it is a folder",
  EBUSY: "it is a database that is in use",
  ENXIO: "it is not a regular file",
  ENOSPC: "the disk is full",
  EROFS: "it lies on a read-only file system",
  ENAMETOOLONG: "its name is too long",
};

/** TOOL_FILE_FAILED with a reason of our own. @param reason the code of the system's error that it stands for */
export function fileFailed(path: string, reason: string, words: string): SmithersError {
  return new SmithersError("TOOL_FILE_FAILED", `"${path}": ${words}.`, { details: { path, reason } });
}

/** The code of a file system error, such as ENOENT. */
export function codeOf(error: unknown): string | undefined {
  const code = readField(error, "code");
  return typeof code === "string" ? code : undefined;
}

import { sep } from "node:path";

/** Whether a path is a folder's own, or lies in it. Both are absolute, and only their text counts. */
export function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

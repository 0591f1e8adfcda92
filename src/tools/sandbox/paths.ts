import { sep } from "node:path";

/** Whether a path is the folder itself or lies in it. Both are absolute. Only their text is compared. */
export function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

import { closeSync, lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { openFile, type Place, type Root, withPlace } from "../confined.ts";
import { readAll } from "../read.ts";
import { toRegExp } from "./pattern.ts";
import { isSkipped, type Match, maxSearchedFileBytes, type Search } from "./search.ts";

/** Tests every line of every text file below the search's path, in the order of ripgrep's `--sort=path`. */
export function walk(search: Search, take: (match: Match) => void): void {
  const expression = toRegExp(search.pattern, search.ignoreCase);
  const test = (path: string) => testFile(search, path, expression, take);
  const visit = (path: string) => {
    for (const { name, isFolder } of entries(search.root, path)) {
      const below = path === "." ? name : join(path, name);
      if (isSkipped(name)) continue;
      if (isFolder) visit(below);
      else test(below);
    }
  };
  if (kindOf(search.root, search.path) === "file") test(search.path);
  else visit(search.path);
}

function kindOf(root: Root, path: string): "file" | "folder" {
  return withPlace(root, path, false, ({ folder, name }) =>
    lstatSync(`${folder}/${name}`).isFile() ? "file" : "folder",
  );
}

/** The files and folders in a folder, sorted by the bytes of their names, without links and special files. */
function entries(root: Root, path: string): { name: string; isFolder: boolean }[] {
  const list = ({ folder, name }: Place) => readdirSync(`${folder}/${name}`, { withFileTypes: true });
  let found: ReturnType<typeof list>;
  try {
    found = withPlace(root, path, false, list);
  } catch {
    // The folder may not be read, or is gone.
    return [];
  }
  return found
    .filter((entry) => entry.isFile() || entry.isDirectory())
    .map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }))
    .sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
}

function testFile({ root, hidden }: Search, path: string, expression: RegExp, take: (match: Match) => void): void {
  let bytes: Buffer;
  try {
    const { fd } = withPlace(root, path, false, (place) => openFile(place, path, hidden));
    try {
      bytes = readAll(fd, path, maxSearchedFileBytes);
    } finally {
      closeSync(fd);
    }
  } catch {
    return;
  }
  if (bytes.includes(0)) return;
  const lines = bytes.toString("utf8").split("\n");
  if (lines.at(-1) === "") lines.pop();
  lines.forEach((text, index) => {
    if (expression.test(text)) take({ path, lineNo: index + 1, text });
  });
}

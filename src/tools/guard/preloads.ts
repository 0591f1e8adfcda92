import { join, resolve } from "node:path";
import { readRegularFile } from "../../files/index.ts";
import { localFile } from "./modules.ts";

const maxBytes = 64 * 1024;

/** The local files that a `bunfig.toml` has Bun load before the program that is started in its folder. */
export function preloadsIn(folder: string): string[] {
  const text = readRegularFile(join(folder, "bunfig.toml"), maxBytes)?.toString() ?? "";
  const lists = [...text.matchAll(/^[ \t]*preload[ \t]*=[ \t]*(\[[^\]]*\]|[^\n]*)/gm)].map(([, value]) => value!);
  const named = lists.flatMap((value) => [...value.matchAll(/(["'])(.*?)\1/g)].map(([, , path]) => path!));
  return named.flatMap((path) => localFile(resolve(folder, path)) ?? []);
}

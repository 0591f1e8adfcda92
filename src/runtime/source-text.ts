import { createHash } from "node:crypto";
import { readSource } from "../files/index.ts";

/** SHA-1 in hexadecimal. */
export function sha1(contents: Buffer | string): string {
  return createHash("sha1").update(contents).digest("hex");
}

/** The first of `files` that has a matching line, and the number of that line, from 1. */
export async function findLine(
  files: Iterable<string>,
  matches: (line: string) => boolean,
): Promise<{ file: string; line: number } | undefined> {
  for (const file of files) {
    const index = (await readSource(file)).toString().split("\n").findIndex(matches);
    if (index >= 0) return { file, line: index + 1 };
  }
}

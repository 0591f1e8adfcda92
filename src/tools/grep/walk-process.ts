import { readFileSync } from "node:fs";
import { walk } from "./walk.ts";

/** Reads a search from standard input and writes its matches, a line of JSON each. */
walk(JSON.parse(readFileSync(0, "utf8")), (match) => process.stdout.write(`${JSON.stringify(match)}\n`));

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";

/** A line of `test/programs`: a system program that the tests need, and the Debian packages that bring it. */
export interface Program {
  readonly name: string;
  readonly packages: readonly string[];
}

const list = fileURLToPath(new URL("../test/programs", import.meta.url));
const script = fileURLToPath(new URL("programs.sh", import.meta.url));

/** The system programs that the tests need. */
export function neededPrograms(): Program[] {
  return parse(readFileSync(list, "utf8"));
}

/** Those of them that this machine does not have. */
export function missingPrograms(): Program[] {
  return parse(execFileSync("sh", [script, "missing"], { encoding: "utf8" }));
}

/** Installs what is missing, where this process is root on Debian or a relative of it. */
export function installMissingPrograms(): void {
  if (process.getuid?.() !== 0 || !Bun.which("apt-get")) return;
  try {
    execFileSync("sh", [script, "install"], { stdio: "inherit" });
  } catch {
    // What is still missing is told by the caller, as anywhere else.
  }
}

function parse(text: string): Program[] {
  return text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const [program, ...packages] = line.split(/\s+/) as [string, ...string[]];
      return { name: basename(program.replace(/^\?/, "")), packages };
    });
}

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";

/** A line of `test/programs`: a system program that the tests need, and the Debian packages that contain it. */
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

/** The needed programs that are not installed on this machine. */
export function missingPrograms(): Program[] {
  return parse(execFileSync("sh", [script, "missing"], { encoding: "utf8" }));
}

/** Installs missing programs, if this process is root on Debian or a derivative. */
export function installMissingPrograms(): void {
  if (process.getuid?.() !== 0 || !Bun.which("apt-get")) return;
  try {
    execFileSync("sh", [script, "install"], { stdio: "inherit" });
  } catch {
    // The caller reports what is still missing.
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

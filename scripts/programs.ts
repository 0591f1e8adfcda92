import { execFileSync, spawnSync } from "node:child_process";
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
function neededPrograms(): Program[] {
  return parse(readFileSync(list, "utf8"));
}

/** The needed programs that are not installed on this machine. */
export function missingPrograms(): Program[] {
  return parse(execFileSync("sh", [script, "missing"], { encoding: "utf8" }));
}

/** The programs that make user namespaces. */
const makeNamespaces = ["bwrap", "unshare"];

/**
 * The installed programs that this machine does not let make user namespaces, as some containers do, and what it said.
 * Undefined when it does.
 */
export function forbiddenPrograms(): { readonly names: readonly string[]; readonly reason: string } | undefined {
  if (!Bun.which("unshare")) return undefined;
  const { status, stderr } = spawnSync("unshare", ["--map-root-user", "--mount", "sh", "-c", ":"], {
    encoding: "utf8",
  });
  return status === 0 ? undefined : { names: makeNamespaces, reason: stderr.trim() };
}

let unusable: ReadonlySet<string> | undefined;

/**
 * Whether system programs are installed, and allowed what they do.
 *
 * @throws when one of them is not in `test/programs`, and so is never installed.
 */
export function canRun(...programs: string[]): boolean {
  const listed = new Set(neededPrograms().map(({ name }) => name));
  const unlisted = programs.filter((name) => !listed.has(name));
  if (unlisted.length > 0) throw new Error(`Add to test/programs: ${unlisted.join(", ")}`);
  const missing = () => missingPrograms().map(({ name }) => name);
  unusable ??= new Set([...missing(), ...(forbiddenPrograms()?.names ?? [])]);
  return programs.every((name) => !unusable!.has(name));
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

import { type Dirent, existsSync, readdirSync, realpathSync } from "node:fs";
import { basename, dirname, join, sep } from "node:path";
import { isBelow } from "./paths.ts";
import { systemView } from "./system-view.ts";

/** What lies next to a folder `bin` and belongs to its programs. Settings, caches and credentials are not listed. */
const besideBin = ["lib", "lib64", "libexec", "include", "share", "pyvenv.cfg"];

/** More that lies there, when the folder has one of these programs. */
const besideProgram = { go: ["src", "pkg"], java: ["conf", "jmods", "release"] };

/** What lies next to a folder `shims` of pyenv, rbenv or asdf and belongs to its programs. */
const besideShims = ["bin", "lib", "libexec", "versions", "installs", "plugins", "version", "pyenv.d", "rbenv.d"];

/** Most entries of one folder whose links are followed. */
const maxEntries = 1_000;

const known = new Map<string, readonly string[]>();

/**
 * The files and folders outside the system's own that the programs of a PATH need: its folders, what belongs to them,
 * and what their links lead to. They are looked up once for a PATH.
 *
 * @param path the environment variable PATH
 * @param home a folder that is never shown as a whole
 */
export function programFolders(path: string, home: string | undefined): readonly string[] {
  const key = `${path}\0${home}`;
  const found = known.get(key) ?? look(path, home);
  known.set(key, found);
  return found;
}

function look(path: string, home: string | undefined): string[] {
  const system = systemView().map((mount) => mount.path);
  const isSystem = (each: string) => system.some((folder) => isBelow(each, folder));
  const isTooMuch = (each: string) => [home ?? sep, process.cwd()].some((folder) => isBelow(folder, each));
  const found = new Set<string>([process.execPath, realpathSync(process.execPath)]);
  const add = (folder: string) => {
    for (const each of programsOf(folder, home)) if (!isTooMuch(each) && existsSync(each)) found.add(each);
  };
  for (const folder of path.split(":")) {
    if (!folder.startsWith(sep) || isSystem(folder)) continue;
    add(folder);
    for (const target of linkTargets(folder)) {
      if (isSystem(target) || [...found].some((each) => isBelow(target, each))) continue;
      if (/^s?bin$/.test(basename(dirname(target)))) add(dirname(target));
      else found.add(target);
    }
  }
  return [...found].filter(
    (each) => !isSystem(each) && ![...found].some((folder) => folder !== each && isBelow(each, folder)),
  );
}

/** A folder of programs with what belongs to it. */
function programsOf(folder: string, home: string | undefined): string[] {
  const name = basename(folder);
  const above = dirname(folder);
  if (name === ".bin" && basename(above) === "node_modules") return [above];
  if (name === "shims") return [folder, ...besideShims.map((each) => join(above, each))];
  if (name !== "bin" && name !== "sbin") return [folder];
  // ~/.local/share holds keyrings and the data of programs, ~/.cargo the token of its registry.
  const beside = basename(above) === ".local" ? besideBin.filter((each) => each !== "share") : besideBin;
  const ofRust = home !== undefined && above === join(home, ".cargo") ? [join(home, ".rustup")] : [];
  const ofProgram = Object.entries(besideProgram).flatMap(([program, names]) =>
    existsSync(join(folder, program)) ? names : [],
  );
  return [folder, ...(above === home ? [] : [...beside, ...ofProgram].map((each) => join(above, each))), ...ofRust];
}

/** Where the links in a folder lead. */
function linkTargets(folder: string): string[] {
  let entries: Dirent[];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
  return entries
    .filter((entry) => entry.isSymbolicLink())
    .slice(0, maxEntries)
    .flatMap(({ name }) => {
      try {
        return [realpathSync(join(folder, name))];
      } catch {
        return [];
      }
    });
}

import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { fileUnavailable } from "../../files/index.ts";
import { packageFolder, packageInfo } from "../../package/index.ts";
import { usageError } from "../errors.ts";
import { helloWorkflow } from "./hello-workflow.ts";
import { installedAs } from "./installed-as.ts";
import { addMissing } from "./package-json.ts";

/** A project that was set up: its absolute folder, and the names of the files that were created or changed. */
export interface InitializedProject {
  readonly folder: string;
  readonly files: readonly string[];
  /** The files that existed before. */
  readonly changed: readonly string[];
  /** Whether `npm start` runs the first workflow. It does not when the project already had a start script. */
  readonly startsHello: boolean;
}

const startScript = `smithers up hello.tsx --input '{"name": "World"}'`;

/**
 * Sets up a project with one workflow. Keeps an existing package.json and .gitignore, and adds only what they lack.
 * @throws INVALID_USAGE when another of the files exists, the folder is a file, or its package.json cannot be read;
 *   nothing is written then; FILE_UNAVAILABLE or DB_FULL when the system refuses a file
 */
export function initProject(given: string): InitializedProject {
  const folder = resolve(given);
  if (existsSync(folder) && !statSync(folder).isDirectory()) throw usageError(`${given} is a file, not a folder.`);
  const existing = (name: string) =>
    existsSync(join(folder, name)) ? readFileSync(join(folder, name), "utf8") : undefined;

  const whole = { "tsconfig.json": tsconfig, "hello.tsx": helloWorkflow };
  const taken = Object.keys(whole).filter((name) => existing(name) !== undefined);
  if (taken.length > 0) {
    throw usageError(`${taken.join(", ")} would be overwritten. Choose another folder: smithers init <folder>.`);
  }
  const ownPackage = existing("package.json");
  const ownIgnore = existing(".gitignore");
  const packageJson =
    ownPackage === undefined ? toJson(newPackage(folder)) : addMissing(ownPackage, projectFields(folder));
  const written: Record<string, string> = {
    "package.json": packageJson,
    ...whole,
    ".gitignore": ownIgnore === undefined ? ignored : addLines(ownIgnore, ignored),
  };

  const changed = Object.keys(written).filter((name) => existing(name) !== undefined);
  try {
    mkdirSync(folder, { recursive: true });
    for (const [name, text] of Object.entries(written)) {
      writeFileSync(join(folder, name), text, { flag: changed.includes(name) ? "w" : "wx" });
    }
  } catch (error) {
    throw fileUnavailable(`The project in ${folder} cannot be written`, error);
  }
  const startsHello = JSON.parse(packageJson).scripts?.start === startScript;
  return { folder, files: Object.keys(written), changed, startsHello };
}

function newPackage(folder: string) {
  const name = basename(folder)
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, "-")
    .replace(/^[._-]+|-+$/g, "");
  return { name: name || "workflows", private: true, ...projectFields(folder) };
}

function projectFields(folder: string) {
  const own = packageInfo();
  const spec = installedAs({ folder: packageFolder, name: own.name, version: own.version }, folder);
  return {
    type: "module",
    scripts: { start: startScript, server: "smithers server", check: "tsc" },
    dependencies: { [own.name]: spec, zod: own.peerDependencies.zod },
    devDependencies: {
      "@types/bun": own.devDependencies["@types/bun"],
      bun: own.devDependencies.bun,
      typescript: own.devDependencies.typescript,
    },
    // npm asks before it runs a package's own script. Bun's script downloads Bun.
    allowScripts: { bun: true },
  };
}

const toJson = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

const tsconfig = toJson({
  compilerOptions: {
    target: "ES2023",
    module: "Preserve",
    moduleResolution: "Bundler",
    moduleDetection: "force",
    allowImportingTsExtensions: true,
    jsx: "react-jsx",
    jsxImportSource: "smithers-orchestrator",
    types: ["bun"],
    strict: true,
    skipLibCheck: true,
    noEmit: true,
  },
  exclude: ["node_modules", "**/.*.smithers-*"],
});

const ignored = `node_modules/
# Written by Smithers: compiled copies of workflows, the database, and logs of background runs
.*.smithers-*
smithers.db*
.smithers/
`;

/** Appends the lines of `lines` that `text` lacks. */
function addLines(text: string, lines: string): string {
  const present = new Set(text.split(/\r?\n/));
  const missing = lines.split("\n").filter((line) => line !== "" && !present.has(line));
  if (missing.length === 0) return text;
  return `${text}${text === "" || text.endsWith("\n") ? "" : "\n"}${missing.join("\n")}\n`;
}

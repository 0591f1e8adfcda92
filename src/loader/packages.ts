import { isAbsolute, sep } from "node:path";
import { moduleFile, packageFolder } from "../package/index.ts";
import { type FoundPackage, runtime } from "../runtime/index.ts";

const ownName = "smithers-orchestrator";

/** The package's own entries. A workflow must share the modules of the process that executes it. */
const ownEntries: Record<string, string> = {
  "": "index",
  "/jsx-runtime": "jsx-runtime",
  "/jsx-dev-runtime": "jsx-dev-runtime",
  "/mdx-plugin": "mdx-plugin",
  "/serve": "serve",
  "/server": "server/index",
  "/tools": "tools/index",
};

/** Libraries that workflows use. When a workflow's folder has none, this package's copy is used. */
const shared: ReadonlySet<string> = new Set(["zod", "react", "drizzle-orm"]);

/**
 * Resolves a bare import to a file.
 * @param resolveFrom the runtime's own resolution; throws when it finds nothing
 * @returns undefined when the package is not installed
 */
export function findPackage(
  specifier: string,
  importer: string,
  resolveFrom: (specifier: string, from: string) => string,
): FoundPackage | undefined {
  if (specifier === ownName || specifier.startsWith(`${ownName}/`)) {
    const path = ownEntry(specifier.slice(ownName.length));
    return path === undefined ? undefined : { path, local: false };
  }
  // A file without a setting for JSX is compiled for React's own runtime, whose development build is another than ours.
  if (/^react\/jsx-(dev-)?runtime$/.test(specifier))
    return { path: ownEntry(specifier.slice("react".length))!, local: false };
  const attempt = (from: string) => {
    try {
      return resolveFrom(specifier, from);
    } catch {
      return undefined;
    }
  };
  const name = specifier.split("/", 1)[0]!;
  const path = attempt(importer) ?? (shared.has(name) ? attempt(`${packageFolder}${sep}package.json`) : undefined);
  if (path === undefined) return undefined;
  const isInstalled = path.includes(`${sep}node_modules${sep}`);
  // What cannot be imported is bundled.
  return { path, local: isAbsolute(path) && (!isInstalled || !runtime.canImport(path)) };
}

function ownEntry(subpath: string): string | undefined {
  const entry = ownEntries[subpath];
  return entry && moduleFile(entry);
}

const taskGlobals = moduleFile("containment/task-globals");

/** What stands for globals in workflow files. */
export const globalsOfTasks = {
  console: { module: moduleFile("jsx/task-console"), name: "taskConsole" },
  setTimeout: { module: taskGlobals, name: "taskSetTimeout" },
  setInterval: { module: taskGlobals, name: "taskSetInterval" },
  clearTimeout: { module: taskGlobals, name: "taskClearTimeout" },
  clearInterval: { module: taskGlobals, name: "taskClearInterval" },
  queueMicrotask: { module: taskGlobals, name: "taskQueueMicrotask" },
  fetch: { module: taskGlobals, name: "taskFetch" },
};

/**
 * Replaces paths of installed packages with the packages' names: an author does not need paths of the server's machine.
 */
export function withoutInstallPaths(message: string): string {
  const own = Object.keys(ownEntries).reduce(
    (text, subpath) => text.replaceAll(ownEntry(subpath)!, ownName + subpath),
    message,
  );
  return own.replace(/(?:\/[^\s'"()]*)?\/node_modules\//g, "");
}

import type { Runtime } from "../runtime.ts";
import type { SteadyClock } from "../steady-clock.ts";
import { parentOfBun, spawnBun } from "./channel.ts";
import { importsOf, resolveImport } from "./imports.ts";
import { lateOptimization } from "./late-optimization.ts";
import { memoryProgram } from "./memory-program.ts";
import { canImport, compileOnImport, forgetModule, importBundle, missingExport } from "./modules.ts";
import { endWithParent } from "./parent-death.ts";
import { mapFile } from "./shared-memory.ts";
import { bunSqlite } from "./sqlite.ts";
import { openSteadyClock } from "./steady-clock.ts";

/** Opened when it is first read. */
let steadyClock: SteadyClock | undefined;

const version = process.versions.bun ?? "0";

/** Whether a version is 1.3 or later. */
function isSupported(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > 1 || (major === 1 && minor >= 3);
}

/** Bun, which runs the package from version 1.3 on. */
export const bun: Runtime = {
  name: "Bun",
  version,
  upgrade: isSupported(version) ? undefined : "Update to 1.3 or later: bun upgrade",
  sqlite: bunSqlite,
  get steadyClock() {
    steadyClock ??= openSteadyClock();
    return steadyClock;
  },
  // Loaded when it is used: most commands bundle nothing.
  bundle: async (entry, options) => (await import("./bundle.ts")).bundle(entry, options),
  compileOnImport,
  canImport,
  importBundle,
  forgetModule,
  missingExport,
  importsOf,
  resolveImport,
  uuidAt: (ms) => Bun.randomUUIDv7("hex", ms),
  displayWidth: (text) => Bun.stringWidth(text),
  spawn: spawnBun,
  lateOptimization,
  parent: parentOfBun,
  endWithParent,
  mapFile,
  memoryProgram,
};

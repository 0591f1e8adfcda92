import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { constants, homedir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

/**
 * Finds Bun when it is not on the PATH: among the project's packages, next to this package, or where Bun's own
 * installer puts it.
 */
function findBun(): string | undefined {
  const bases = [pathToFileURL(join(process.cwd(), "x.js")).href, import.meta.url];
  const installed = bases.flatMap((base) => {
    try {
      return join(dirname(createRequire(base).resolve("bun/package.json")), "bin", "bun.exe");
    } catch {
      return [];
    }
  });
  return [...installed, join(homedir(), ".bun", "bin", "bun")].find((path) => existsSync(path));
}

/** Whether a command line only prints help or sets up a project, which Node can do too. */
function worksWithoutBun(args: readonly string[]): boolean {
  const [command] = args;
  if (command === undefined || command === "help" || command === "init") return true;
  return args.some((arg) => arg === "-h" || arg === "--help" || arg === "-V" || arg === "--version");
}

const bun = findBun();
if (bun !== undefined) {
  const child = spawn(bun, ["--no-install", ...process.argv.slice(1)], { stdio: "inherit" });
  // A terminal sends both processes the signal; the child decides when it ends.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  child.on("exit", (code, signal) => process.exit(code ?? 128 + (signal ? constants.signals[signal] : 0)));
} else if (worksWithoutBun(process.argv.slice(2))) {
  await import("./main.ts");
} else {
  console.error(
    "smithers: Bun 1.3 or later is required to run workflows but was not found. Install it with: npm install --save-dev bun",
  );
  process.exit(1);
}

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * The rooms of `src`, from the ground up: a room imports only from rooms before it. `npm run rooms` writes
 * `biome.rooms.json` from this list; a test checks that it is up to date and that `src` has no other folder.
 */
export const rooms = [
  "package",
  "text",
  "errors",
  "timing",
  "containment",
  "files",
  "model",
  "api",
  "runtime",
  "mdx",
  "store",
  "jsx",
  "plan",
  "agents",
  "tools",
  "loader",
  "engine",
  "telemetry",
  "runs",
  "client",
  "workers",
  "server",
  "cli",
];

const directionMessage = "A room imports only from the rooms below it; see docs/architecture.md.";
const timingMessage = "Only src/timing makes sleeps and deadlines.";
const runtimeMessage = "Only src/runtime may use what is specific to Bun.";
const doorMessage = "Other rooms import src/runtime through index.ts.";
const projectDir = join(import.meta.dirname, "..");
const file = join(projectDir, "biome.rooms.json");

/** The linter's import rules: one override per existing room. */
export function roomRules(): string {
  const existing = new Set(readdirSync(join(projectDir, "src")));
  const overrides = rooms
    .filter((room) => existing.has(room))
    .map((room) => {
      const above = rooms.slice(rooms.indexOf(room) + 1);
      const patterns = [
        ...(room === "runtime"
          ? []
          : [
              { group: ["bun", "bun:*"], message: runtimeMessage },
              { group: ["**/runtime/**", "!**/runtime/index.ts"], message: doorMessage },
            ]),
        ...(room === "timing" ? [] : [{ group: ["node:timers", "node:timers/promises"], message: timingMessage }]),
        ...(above.length === 0 ? [] : [{ group: above.map((name) => `**/${name}/**`), message: directionMessage }]),
      ];
      return {
        includes: [`src/${room}/**`],
        linter: {
          rules: {
            style: {
              noRestrictedImports: { level: "error", options: { patterns } },
              ...(room === "runtime"
                ? {}
                : { noRestrictedGlobals: { level: "error", options: { deniedGlobals: { Bun: runtimeMessage } } } }),
            },
          },
        },
      };
    });
  return `${JSON.stringify({ $schema: "./node_modules/@biomejs/biome/configuration_schema.json", overrides }, null, 2)}\n`;
}

if (import.meta.main) {
  if (!process.argv.includes("--check")) writeFileSync(file, roomRules());
  else if (readFileSync(file, "utf8") !== roomRules()) {
    console.error("biome.rooms.json is out of date. Run: npm run rooms");
    process.exit(1);
  }
}

/**
 * Bundles the program that the `unshare` sandbox starts with every command into one file of `dist`: Bun then opens one
 * file instead of ten, which takes a third of the time.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";

const projectDir = join(import.meta.dirname, "..");
const outdir = join(projectDir, "dist/tools/sandbox/launcher");

// Its other files are in the bundle, and nothing else imports them.
rmSync(outdir, { recursive: true });
const { success, logs } = await Bun.build({
  entrypoints: [join(projectDir, "src/tools/sandbox/launcher/main.ts")],
  outdir,
  target: "bun",
});
if (!success) {
  for (const log of logs) console.error(log);
  process.exit(1);
}

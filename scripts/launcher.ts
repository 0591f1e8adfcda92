/**
 * Bundles the program that the `unshare` sandbox starts with every command into one file of `dist`: Bun then opens one
 * file instead of ten, which takes a third of the time.
 */
import { join } from "node:path";

const projectDir = join(import.meta.dirname, "..");

const { success, logs } = await Bun.build({
  entrypoints: [join(projectDir, "src/tools/sandbox/launcher/main.ts")],
  outdir: join(projectDir, "dist/tools/sandbox/launcher"),
  target: "bun",
});
if (!success) {
  for (const log of logs) console.error(log);
  process.exit(1);
}

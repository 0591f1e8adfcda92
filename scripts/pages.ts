/** Writes every generated part of the docs: `npm run pages`. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";

for (const script of ["cli-page.ts", "metrics-page.ts", "events-page.ts", "migrating-page.ts", "llms.ts"]) {
  const { status } = spawnSync(process.execPath, [join(import.meta.dirname, script)], { stdio: "inherit" });
  if (status !== 0) process.exit(1);
}

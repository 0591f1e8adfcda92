import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterThisTest } from "./cleanup.ts";
import { folder } from "./folder.ts";

const storeModule = fileURLToPath(new URL("../../src/store/index.ts", import.meta.url));

/** Opens a database in several processes at the same moment; resolves with their exit codes. */
export async function openedAtOnce(source: string, processes: number): Promise<(number | null)[]> {
  const gate = join(folder(), "gate");
  const code = `
    const { openStore } = await import(${JSON.stringify(storeModule)});
    const { existsSync } = await import("node:fs");
    console.log("ready");
    while (!existsSync(${JSON.stringify(gate)})) await new Promise((resolve) => setTimeout(resolve, 1));
    await (await openStore(${JSON.stringify(source)})).close();`;
  const children: ChildProcess[] = [];
  for (let n = 0; n < processes; n += 1) {
    const child = spawn(process.execPath, ["-e", code], { stdio: ["ignore", "pipe", "inherit"] });
    afterThisTest(() => child.kill("SIGKILL"));
    children.push(child);
  }
  await Promise.all(children.map((child) => once(child.stdout!, "data")));
  const ends = children.map((child) => once(child, "exit"));
  writeFileSync(gate, "");
  return (await Promise.all(ends)).map(([status]) => status);
}

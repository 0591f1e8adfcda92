import { test } from "bun:test";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { afterThisTest } from "./cleanup.ts";
import type { ServerProcess } from "./process.ts";
import { needs } from "./programs.ts";

/** Whether a process may be traced that is no child of the tracer. */
function mayTrace(): boolean {
  const script = "sleep 0.3 & strace -o /dev/null -p $! 2>&1 | grep -q attached";
  return spawnSync("sh", ["-c", script], { stdio: "ignore" }).status === 0;
}

/** The `test` of bun:test for a test that uses {@link refuse}: skipped where strace is missing or not allowed. */
export const testWithFaults: typeof test = mayTrace() ? needs("strace") : (test.skip as typeof test);

/** Lets system calls of a server on the files of its database fail with EIO, until the returned function is called. */
export async function refuse(server: ServerProcess, root: string, calls: string): Promise<() => Promise<void>> {
  const paths = ["smithers.db", "smithers.db-wal"].flatMap((name) => ["-P", join(root, name)]);
  const inject = ["-e", `trace=${calls}`, "-e", `inject=${calls}:error=EIO`];
  const child = spawn("strace", ["-f", ...inject, ...paths, "-o", "/dev/null", "-p", String(server.child.pid)], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  afterThisTest(() => child.kill("SIGKILL"));
  // Read to its end: strace ends, and refuses nothing any more, when no one takes what it says of new threads.
  await new Promise<void>((resolve, reject) => {
    let said = "";
    child.stderr.on("data", (chunk) => {
      said += chunk;
      if (said.includes("attached")) resolve();
    });
    child.stderr.on("end", () => reject(new Error(`strace could not attach: ${said}`)));
  });
  return async () => {
    const gone = once(child, "exit");
    child.kill("SIGINT");
    await gone;
  };
}

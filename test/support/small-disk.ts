import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterThisTest } from "./cleanup.ts";
import { firstLine } from "./process.ts";

/** A server process that has its folder on a file system of a few megabytes. */
export interface SmallDisk {
  readonly url: string;
  /** The folder, as others see it: the file system is mounted for that process alone. */
  readonly root: string;
  /** What it wrote to stderr. */
  log(): string;
}

/** Serves the workflows of `root`, copied to a file system of their own that holds `bytes`. */
export async function serveOnSmallDisk(root: string, bytes: number): Promise<SmallDisk> {
  const script = fileURLToPath(new URL("serve.ts", import.meta.url));
  const mount = `mount -t tmpfs -o size=${bytes} tmpfs "$0" && cd "$0" && cp "$1"/*.tsx . && exec "$2" "$3"`;
  const mounted = join(root, "disk");
  const child = spawn(
    "unshare",
    ["--map-root-user", "--mount", "sh", "-c", `mkdir -p "$0" && ${mount}`, mounted, root, process.execPath, script],
    { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, SMITHERS_LOG_LEVEL: "warn" } },
  );
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    log += text;
  });
  afterThisTest(async () => {
    const gone = once(child, "exit");
    if (child.kill("SIGKILL")) await gone;
  });
  const url = await firstLine(child).catch(() => {
    throw new Error(`The server on a small disk did not start: ${log}`);
  });
  return { url, root: join(`/proc/${child.pid}/root`, mounted), log: () => log };
}

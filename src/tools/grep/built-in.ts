import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { moduleFile } from "../../package/index.ts";
import type { SearchEngine } from "./search.ts";

const script = moduleFile("tools/grep/walk-process");

/**
 * Searches without ripgrep, in a process of its own: an expression that never finishes can be stopped, and blocks
 * nothing else.
 */
export const builtIn: SearchEngine = async (search, signal, take) => {
  const child = spawn(process.execPath, [script], { cwd: "/", env: {}, stdio: ["pipe", "pipe", "pipe"] });
  const exit = new Promise<number | null>((resolve, reject) => {
    child.on("close", resolve);
    child.on("error", reject);
  });
  const stop = () => void child.kill("SIGKILL");
  signal.addEventListener("abort", stop);
  let said = "";
  child.stderr.on("data", (chunk) => (said = (said + chunk).slice(0, 2_000)));
  child.stdin.on("error", () => {});
  child.stdin.end(JSON.stringify(search));
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      if (!take(JSON.parse(line))) return;
    }
    const exitCode = await exit;
    signal.throwIfAborted();
    if (exitCode !== 0) throw new Error(`The search ended with ${exitCode}: ${said}`);
  } finally {
    signal.removeEventListener("abort", stop);
    stop();
  }
};

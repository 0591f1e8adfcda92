import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";

export interface BenchServer {
  readonly url: string;
  readonly pid: number;
  stop(): void;
}

/** A server in a process of its own, in a new folder below `folder` that holds `files`. */
export async function startBenchServer(
  folder: string,
  files: Record<string, string>,
  synchronous: "full" | "normal" = "full",
): Promise<BenchServer> {
  mkdirSync(folder, { recursive: true });
  const rootDir = mkdtempSync(join(folder, "server-"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(rootDir, name), text);
  const child = spawn(process.execPath, [fileURLToPath(new URL("serve.ts", import.meta.url)), synchronous], {
    cwd: rootDir,
    stdio: ["ignore", "pipe", "inherit"],
  });
  return { url: await firstLine(child.stdout), pid: child.pid!, stop: () => void child.kill() };
}

async function firstLine(stdout: Readable): Promise<string> {
  for await (const line of createInterface(stdout)) return line;
  throw new Error("The server ended before it said where it listens.");
}

import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { firstLine } from "../support/process.ts";

/** The token of a server that the suite starts for itself. */
export const ownToken = "conformance";

/** Starts a server process with the suite's workflows, and returns its address. It ends with this process. */
export async function startOwnServer(env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "smithers-conformance-")));
  cpSync(fileURLToPath(new URL("workflows", import.meta.url)), root, { recursive: true });
  const script = fileURLToPath(new URL("serve.ts", import.meta.url));
  // It ends with its stdin, and so with this process, however that ends.
  const child = spawn(process.execPath, [script], {
    cwd: root,
    env: { ...env, SMITHERS_API_KEY: ownToken },
    stdio: ["pipe", "pipe", "inherit"],
  });
  child.unref();
  return firstLine(child);
}

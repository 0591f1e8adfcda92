import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { write } from "../support/folder.ts";
import { type Attack, attackScript, attacks, type Result, readResults, type Targets } from "./attacks.ts";

export type Mechanism = "bubblewrap" | "unshare" | "none";

/** Every attack of the table, in order. */
export const allAttacks: readonly Attack[] = attacks.flatMap((group) => group.attacks);

/** Sets up what the attacks aim at, lets a command of a real server try them all, and tells what has succeeded. */
export async function tryAttacks(mechanism: Mechanism): Promise<Result[]> {
  const folders = [tmpdir(), tmpdir(), homedir()].map((parent) => mkdtempSync(join(parent, ".smithers-attack-")));
  const [root, outside, home] = folders as [string, string, string];
  const token = `token-${Math.random().toString(36).slice(2)}`;
  write(root, { ".env": `SMITHERS_API_KEY=${token}\n`, "data/note": "" });
  write(outside, { victim: "" });
  const sockets = {
    SOCKET_TMP: join(outside, "socket"),
    SOCKET_HOME: join(home, "socket"),
    ABSTRACT: `smithers-attack-${process.pid}-${mechanism}`,
  };
  const targets = spawn("python3", [
    fileURLToPath(new URL("targets.py", import.meta.url)),
    sockets.SOCKET_TMP,
    sockets.SOCKET_HOME,
    sockets.ABSTRACT,
  ]);
  try {
    const found = JSON.parse(await firstLine(targets.stdout)) as Record<"TCP" | "TCP6" | "UDP" | "PYTHON", string>;
    const env: Omit<Targets, "SERVER"> = {
      ...sockets,
      ...found,
      OUTSIDE: home,
      // Reversed, so that the attacks that look for it do not find themselves.
      TOKEN: [...token].reverse().join(""),
    };
    write(home, { victim: "" });
    // Without a sandbox, only what leaves nothing behind is tried.
    const script = attackScript(allAttacks, mechanism === "none" ? ({ control }) => control !== false : () => true);
    const said =
      mechanism === "none"
        ? await unconfined(root, token, script, env)
        : await attacked(root, token, script, env, mechanism);
    return readResults(said, allAttacks);
  } finally {
    targets.kill();
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  }
}

function attacked(root: string, token: string, script: string, env: object, mechanism: Mechanism): Promise<string> {
  const server = fileURLToPath(new URL("attacked-server.ts", import.meta.url));
  const more = { SMITHERS_API_KEY: token, SMITHERS_SANDBOX: mechanism };
  return talk(process.execPath, [server], root, { ...process.env, ...more }, JSON.stringify({ script, env }));
}

/** The same attacks by a shell that nothing confines: what it cannot do proves nothing. */
async function unconfined(root: string, token: string, script: string, env: object): Promise<string> {
  const { Database } = await import("bun:sqlite");
  const database = new Database(join(root, "data/smithers.db"), { create: true });
  database.run("PRAGMA journal_mode = WAL");
  database.run("CREATE TABLE row (id INTEGER)");
  const all = { ...process.env, ...env, SMITHERS_API_KEY: token, SERVER: String(process.pid) } as Record<
    string,
    string
  >;
  try {
    return await talk("bash", ["-c", script], root, all, "");
  } finally {
    database.close();
  }
}

function talk(file: string, args: string[], cwd: string, env: NodeJS.ProcessEnv, input: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd, env, stdio: ["pipe", "pipe", "inherit"] });
    let said = "";
    child.stdout.on("data", (chunk) => (said += chunk));
    child.on("error", reject);
    child.on("close", () => resolve(said));
    child.stdin.end(input);
  });
}

async function firstLine(stream: NodeJS.ReadableStream): Promise<string> {
  let text = "";
  for await (const chunk of stream) {
    text += chunk;
    if (text.includes("\n")) return text;
  }
  throw new Error("python3 ended before it listened.");
}

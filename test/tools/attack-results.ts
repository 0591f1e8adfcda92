import { Database } from "bun:sqlite";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findProgram } from "../../src/tools/sandbox/index.ts";
import { write } from "../support/folder.ts";
import {
  type Attack,
  attackScript,
  attacks,
  earlierScript,
  type Result,
  readResults,
  type Targets,
} from "./attacks.ts";

export type Mechanism = "bubblewrap" | "unshare" | "none";

const isRoot = process.getuid?.() === 0;
const python = findProgram("python3") ?? "python3";
/** Runs a server with a key in its session. */
const withKey = [python, "-IS", fileURLToPath(new URL("with-key.py", import.meta.url))];

/** Every attack of the table, in order. */
export const allAttacks: readonly Attack[] = attacks.flatMap((group) => group.attacks);

/** The user who runs the server, by number: an ordinary one, if this is root. */
const ordinary = 65_534;

/** A folder that any user may enter, and that no sandbox gives a command as its own. */
const openParent = "/var/lib";

/**
 * Sets up what the attacks aim at, lets commands of a real server try them all, and tells what has succeeded.
 *
 * @param user runs the server and the targets
 */
export async function tryAttacks(mechanism: Mechanism, user: User = isRoot ? "root" : "user"): Promise<Result[]> {
  const parent = isRoot ? openParent : homedir();
  const parents = [tmpdir(), tmpdir(), parent, parent];
  const folders = parents.map((folder) => mkdtempSync(join(folder, ".smithers-attack-")));
  const [root, tmp, outside, home] = folders as [string, string, string, string];
  const token = `token-${Math.random().toString(36).slice(2)}`;
  write(root, {
    ".env": `SMITHERS_API_KEY=${token}\n`,
    "data/note": "",
    "lib.ts": "export const lib = 1;",
    "flows/other.tsx": `import { smithers } from "smithers-orchestrator";
import { createRequire } from "node:module";
import "zod";
const load = createRequire(import.meta.url);
export default [smithers, load("./made.cjs"), new Worker(new URL("./worker.ts", import.meta.url))];`,
    "locked/flow.tsx": `import { smithers } from "smithers-orchestrator"; export default smithers;`,
    "sealed/flow.tsx": `import { smithers } from "smithers-orchestrator"; export default smithers;`,
    "config/.env": token,
    "flows/made.cjs": "",
    "flows/worker.ts": "",
    "flows/tsconfig.json": '{ "extends": "../base.json", "compilerOptions": { "baseUrl": "./src" } }',
    "base.json": "{}",
    "..env.swp": token,
    "githooks/pre-commit": "",
    "node_modules/pkg/index.js": "",
    "node_modules/.bin/tool": "",
    "package.json": "{}",
  });
  for (const name of ["closed.db", "closed.db.bak"]) closedDatabase(join(root, name));
  spawnSync("git", ["init", "-q"], { cwd: root });
  spawnSync("git", ["config", "core.hooksPath", "githooks"], { cwd: root });
  write(root, { ".git/modules/sub/HEAD": "", ".git/modules/sub/config": "", ".git/modules/sub/hooks/update": "" });
  write(outside, { victim: "" });
  write(home, { ".ssh/id_ed25519": "a private key" });
  const as =
    isRoot && user === "user" ? ["setpriv", `--reuid=${ordinary}`, `--regid=${ordinary}`, "--clear-groups"] : [];
  if (as.length > 0) spawnSync("chown", ["-R", `${ordinary}:${ordinary}`, ...folders]);
  const sockets = { SOCKET_TMP: join(tmp, "socket"), ABSTRACT: `smithers-attack-${process.pid}-${mechanism}-${user}` };
  // The Python of the system: one in the home of root is not there for others.
  const targetsScript = fileURLToPath(new URL("targets.py", import.meta.url));
  const [file, ...args] = [...as, python, "-IS", targetsScript, outside, root, sockets.SOCKET_TMP, sockets.ABSTRACT];
  const targets = spawn(file!, args);
  try {
    const found = JSON.parse(await firstLine(targets.stdout)) as Record<"TCP" | "TCP6" | "UDP" | "PYTHON", string>;
    const env: Omit<Targets, "SERVER"> = {
      ...sockets,
      ...found,
      OUTSIDE: outside,
      SERVER_HOME: home,
      // Reversed, so that the attacks that look for it do not find themselves.
      TOKEN: [...token].reverse().join(""),
    };
    // Without a sandbox, only what leaves nothing behind is tried.
    const script = attackScript(allAttacks, mechanism === "none" ? ({ control }) => control !== false : () => true);
    if (mechanism === "none") write(root, { "attack.tsx": "" });
    const attack = { script, earlier: earlierScript(allAttacks), env };
    const said =
      mechanism === "none"
        ? await unconfined(root, token, attack)
        : await attacked([...as, ...withKey], root, token, attack, mechanism, home);
    return readResults(said, allAttacks);
  } finally {
    targets.kill();
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  }
}

function closedDatabase(path: string): void {
  const database = new Database(path, { create: true });
  database.run("CREATE TABLE _smithers_runs (run_id TEXT)");
  database.close();
}

export type User = "root" | "user";

interface Tried {
  readonly script: string;
  readonly earlier: string;
  readonly env: object;
}

function attacked(
  before: readonly string[],
  root: string,
  token: string,
  attack: Tried,
  mechanism: Mechanism,
  home: string,
): Promise<string> {
  const server = fileURLToPath(new URL("attacked-server.ts", import.meta.url));
  const more = { SMITHERS_API_KEY: token, SMITHERS_SANDBOX: mechanism, HOME: home };
  return talk([...before, process.execPath, server], root, { ...process.env, ...more }, JSON.stringify(attack));
}

/** The same attacks by a shell that nothing confines: what it cannot do proves nothing. */
async function unconfined(root: string, token: string, { script, earlier, env }: Tried): Promise<string> {
  const { Database } = await import("bun:sqlite");
  const database = new Database(join(root, "data/smithers.db"), { create: true });
  database.run("PRAGMA journal_mode = WAL");
  database.run("CREATE TABLE row (id INTEGER)");
  const all = { ...process.env, ...env, SMITHERS_API_KEY: token, SERVER: String(process.pid) } as Record<
    string,
    string
  >;
  try {
    return await talk([...withKey, "bash", "-c", `${earlier}\n${script}`], root, all, "");
  } finally {
    database.close();
  }
}

function talk(command: readonly string[], cwd: string, env: NodeJS.ProcessEnv, input: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command[0]!, command.slice(1), { cwd, env, stdio: ["pipe", "pipe", "inherit"] });
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

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterThisTest } from "./cleanup.ts";
import { Client } from "./client.ts";

/** A server in a process of its own, to be killed. */
export class ServerProcess extends Client {
  readonly child: ChildProcess;

  private constructor(url: string, child: ChildProcess) {
    super(url);
    this.child = child;
  }

  static async start(rootDir: string, env: Record<string, string> = {}): Promise<ServerProcess> {
    const script = fileURLToPath(new URL("serve.ts", import.meta.url));
    const child = spawn(process.execPath, [script], {
      cwd: rootDir,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "inherit"],
    });
    afterThisTest(() => child.kill("SIGKILL"));
    return new ServerProcess(await firstLine(child), child);
  }

  /** Ends the process as a crash does. */
  kill(): Promise<void> {
    return this.stop("SIGKILL");
  }

  async stop(signal: NodeJS.Signals): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = once(this.child, "exit");
    this.child.kill(signal);
    await gone;
  }
}

async function firstLine(child: ChildProcess): Promise<string> {
  let text = "";
  for await (const chunk of child.stdout!) {
    text += chunk;
    if (text.includes("\n")) return text.split("\n", 1)[0]!;
  }
  throw new Error("The process ended before it said where it listens.");
}

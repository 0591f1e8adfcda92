import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterThisTest } from "./cleanup.ts";
import { Client } from "./client.ts";
import type { Network } from "./network.ts";

/** The environment of a server that executes runs in its own process; see `serveWithoutWorkers`. */
export const withoutWorkers = { SERVE_OPTIONS: JSON.stringify({ isolation: "none" }) };

/** A server in a process of its own, to be killed. */
export class ServerProcess extends Client {
  readonly child: ChildProcess;
  /** What it wrote to stderr, where that is captured. */
  log = "";
  /** Resolves when it has ended and has said all that it had to say. */
  readonly gone: Promise<void>;

  private constructor(url: string, child: ChildProcess) {
    super(url);
    this.child = child;
    this.gone = once(child, child.stderr ? "close" : "exit").then(() => {});
  }

  /**
   * @param options.user number of the user who runs it, which only root can choose
   * @param options.network the network that it runs in; it must listen there
   */
  static async start(
    rootDir: string,
    env: Record<string, string> = {},
    { captureLog = false, user, network }: { captureLog?: boolean; user?: number; network?: Network } = {},
  ): Promise<ServerProcess> {
    const script = fileURLToPath(new URL("serve.ts", import.meta.url));
    const as = user === undefined ? [] : ["setpriv", `--reuid=${user}`, `--regid=${user}`, "--clear-groups"];
    const [program, ...words] = [...(network?.prefix ?? []), ...as, process.execPath, script];
    const child = spawn(program!, words, {
      cwd: rootDir,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", captureLog ? "pipe" : "inherit"],
    });
    afterThisTest(() => child.kill("SIGKILL"));
    let server: ServerProcess | undefined;
    let early = "";
    child.stderr?.setEncoding("utf8").on("data", (text) => {
      if (server) server.log += text;
      else early += text;
    });
    const url = new URL(await firstLine(child));
    if (network) url.hostname = network.address;
    server = new ServerProcess(url.origin, child);
    server.log = early + server.log;
    return server;
  }

  /** Ends the process as a crash does. */
  kill(): Promise<void> {
    return this.stop("SIGKILL");
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  async stop(signal: NodeJS.Signals): Promise<void> {
    if (!this.isRunning) return;
    this.child.kill(signal);
    await this.gone;
  }
}

/** What a process says first. */
export async function firstLine(child: ChildProcess): Promise<string> {
  let text = "";
  for await (const chunk of child.stdout!) {
    text += chunk;
    if (text.includes("\n")) return text.split("\n", 1)[0]!;
  }
  throw new Error("The process ended before it said where it listens.");
}

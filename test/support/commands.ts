import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { shellWords } from "../../src/cli/terminal/format.ts";
import { afterThisTest } from "./cleanup.ts";
import { plainEnv, smithersWords } from "./cli.ts";
import { folder } from "./folder.ts";
import { projectDir } from "./packed.ts";

/** A part of a page: its kind, the title that it bears, and what it holds. */
export interface Fence {
  readonly kind: string;
  readonly title: string | undefined;
  readonly text: string;
}

/** Every fence of a page, in order. */
export function fencesIn(page: string): Fence[] {
  const text = readFileSync(join(projectDir, page), "utf8");
  return [...text.matchAll(/^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$/gms)].map(([, kind, title, text]) => ({
    kind: kind!,
    title,
    text: text!,
  }));
}

/** A project as somebody has it who has installed the package: its commands and imports work in it. */
export class Project {
  readonly root: string;
  /** Where its commands are found. */
  readonly path: string;
  readonly #env: Record<string, string | undefined>;

  constructor() {
    this.root = folder();
    symlinkSync(join(projectDir, "node_modules"), join(this.root, "node_modules"));
    const paths = {
      "smithers-orchestrator": [join(projectDir, "src/index.ts")],
      "smithers-orchestrator/*": [join(projectDir, "src/*.ts"), join(projectDir, "src/*/index.ts")],
    };
    writeFileSync(join(this.root, "tsconfig.json"), JSON.stringify({ compilerOptions: { paths } }));
    const bin = join(folder(), "bin");
    mkdirSync(bin);
    writeFileSync(join(bin, "smithers"), `#!/bin/sh\nexec ${shellWords(smithersWords)} "$@"\n`);
    chmodSync(join(bin, "smithers"), 0o755);
    symlinkSync(process.execPath, join(bin, "bun"));
    this.path = [bin, process.env.PATH].join(":");
    this.#env = { ...process.env, ...plainEnv, PATH: this.path };
  }

  /** Runs a command to its end; what it printed on stdout and stderr, as a terminal shows it, and its exit code. */
  async run(command: string): Promise<{ printed: string; code: number }> {
    const { child, printed } = this.#start(command);
    const [code] = await once(child, "close");
    return { printed: printed(), code };
  }

  /** Starts a command that stays until the test is over; resolves with what it has printed once that matches. */
  stay(command: string, until: RegExp): Promise<string> {
    const { child, printed } = this.#start(command);
    return new Promise((resolve, reject) => {
      const look = () => {
        if (until.test(printed())) resolve(printed());
      };
      child.stdout.on("data", look);
      child.stderr.on("data", look);
      child.on("close", () => reject(new Error(`It ended before it said ${until}: ${printed()}`)));
    });
  }

  #start(command: string) {
    const child = spawn("bash", ["-c", `curl() { command curl -sS "$@"; }\n${command}`], {
      cwd: this.root,
      env: this.#env,
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    afterThisTest(() => {
      try {
        process.kill(-child.pid!, "SIGKILL");
      } catch {
        // All of them have ended.
      }
    });
    let text = "";
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (more) => (text += more));
    return { child, printed: () => text };
  }
}

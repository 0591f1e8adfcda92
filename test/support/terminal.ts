import { execFileSync } from "node:child_process";
import { shellWords } from "../../src/cli/terminal/format.ts";
import { afterThisTest } from "./cleanup.ts";
import { plainEnv, smithersWords } from "./cli.ts";
import { eventually } from "./eventually.ts";

let count = 0;

/** A pseudo-terminal in which somebody types: a window of tmux, gone after the test. */
export class Terminal {
  readonly #socket: string;

  constructor(cwd: string, { columns = 80, rows = 24, env = {} }: TerminalOptions = {}) {
    this.#socket = `smithers-test-${process.pid}-${++count}`;
    const unset = Object.keys(plainEnv).flatMap((name) => ["-u", name]);
    const set = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    const shell = ["env", ...unset, "PS1=$ ", "TERM=screen-256color", ...set, "sh"];
    this.#tmux("-f", "/dev/null", "new-session", "-d", "-x", String(columns), "-y", String(rows), "-c", cwd, ...shell);
    afterThisTest(() => this.#tmux("kill-server"));
  }

  /** Types a command that begins with `smithers`, and Enter. */
  run(...args: string[]): void {
    const words = shellWords([...smithersWords, ...args]);
    // The screen is to show what the command prints, not a long line that starts it.
    this.type(`clear; ${words}; echo "code $?"`);
  }

  type(line: string): void {
    this.typePart(line);
    this.#tmux("send-keys", "Enter");
  }

  /** Types, without Enter; a tabulator is one. */
  typePart(text: string): void {
    this.#tmux("send-keys", "-l", text);
  }

  /** As tmux names it: `C-c`. */
  press(key: string): void {
    this.#tmux("send-keys", key);
  }

  resize(columns: number, rows: number): void {
    this.#tmux("resize-window", "-x", String(columns), "-y", String(rows));
  }

  /** What is to be seen, without what is empty below. */
  screen(): string {
    return this.#tmux("capture-pane", "-p").trimEnd();
  }

  /** What is to be seen, with the codes of colours. */
  coloured(): string {
    return this.#tmux("capture-pane", "-p", "-e").trimEnd();
  }

  /** Waits until the screen matches, and gives it. */
  async until(pattern: RegExp): Promise<string> {
    // tmux does not tell when a screen has changed.
    return eventually(() => {
      const screen = this.screen();
      if (pattern.test(screen)) return screen;
      throw new Error(`${pattern} is not on the screen:\n${screen}`);
    });
  }

  #tmux(...args: string[]): string {
    return execFileSync("tmux", ["-L", this.#socket, ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  }
}

export interface TerminalOptions {
  readonly columns?: number;
  readonly rows?: number;
  readonly env?: Record<string, string>;
}

import { constants } from "node:os";
import type { ExitCode } from "../command.ts";

type EndingSignal = "SIGINT" | "SIGTERM";

/** The first Ctrl+C, or SIGTERM, asks the process to end; the second ends it at once. */
export class Interrupt {
  /** Resolves with the exit code at the first signal. */
  readonly came: Promise<ExitCode>;
  readonly #resolve: (code: ExitCode) => void;
  #code: ExitCode | undefined;

  constructor() {
    const { promise, resolve } = Promise.withResolvers<ExitCode>();
    this.came = promise;
    this.#resolve = resolve;
    process.on("SIGINT", this.#take);
    process.on("SIGTERM", this.#take);
  }

  get code(): ExitCode | undefined {
    return this.#code;
  }

  stop(): void {
    process.off("SIGINT", this.#take);
    process.off("SIGTERM", this.#take);
  }

  readonly #take = (signal: NodeJS.Signals) => {
    const code = (128 + constants.signals[signal as EndingSignal]) as ExitCode;
    if (this.#code !== undefined) process.exit(code);
    this.#code = code;
    this.#resolve(code);
  };
}

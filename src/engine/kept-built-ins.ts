import { importedSince } from "../containment/index.ts";
import { NonRetryableError, SmithersError } from "../errors/index.ts";
import { BuiltIns, builtInName } from "./built-ins.ts";
import type { Logger } from "./logger.ts";
import type { CodePlace, EngineObserver } from "./observer.ts";

/** Code that has been called and whose promise has not settled. */
interface OpenCode {
  readonly place: CodePlace;
  /** The name of a built-in that it has broken. */
  broken?: string;
}

const nothing = () => {};

/**
 * Keeps the built-ins of a process that executes workflows itself. What an author's code breaks, such as
 * `JSON.stringify`, is put back before anything is stored with it, and fails the code that did it.
 */
export class KeptBuiltIns implements EngineObserver {
  readonly #builtIns = new BuiltIns();
  readonly #open = new Map<CodePlace, OpenCode>();
  readonly #log: Logger;
  /** When all built-ins were last known to work, by `performance.now()`. */
  #checkedAtMs = performance.now();
  readonly turnCommitted = nothing;
  readonly leaseLost = nothing;
  readonly heartbeatFailed = nothing;

  constructor(log: Logger) {
    this.#log = log;
  }

  aroundAttempt<T>(_: unknown, code: () => T): T {
    return code();
  }

  aroundCode<T>(place: CodePlace, code: () => T): T {
    this.#check();
    let result: T;
    try {
      result = code();
    } catch (thrown) {
      const broken = this.#restored();
      throw broken === undefined ? thrown : errorOf(place, broken);
    }
    const broken = this.#restored();
    if (!(result instanceof Promise)) {
      if (broken !== undefined) throw errorOf(place, broken);
      return result;
    }
    // What a turn of a run waits for is not its own code.
    if (place.nodeId === undefined) return result;
    // Code within code of the same place, such as the schema of a task's value, is followed with what is around it.
    if (broken === undefined) return this.#open.has(place) ? result : (this.#follow(place, result) as T);
    result.catch(nothing);
    return Promise.reject(errorOf(place, broken)) as T;
  }

  async #follow<T>(place: CodePlace, work: Promise<T>): Promise<T> {
    const code: OpenCode = { place };
    this.#open.set(place, code);
    let value: T;
    try {
      value = await work;
    } catch (thrown) {
      this.#settle(code);
      throw thrown;
    }
    this.#settle(code);
    return value;
  }

  /** @throws when the code has broken something */
  #settle(code: OpenCode): void {
    this.#check();
    this.#open.delete(code.place);
    if (code.broken !== undefined) throw errorOf(code.place, code.broken);
  }

  /** Puts back what open code has broken since the last check, and notes whose that was if only one is open. */
  #check(): void {
    const broken = this.#restored();
    if (broken === undefined) return;
    const imported = importedSince(this.#checkedAtMs);
    const [first, ...others] = this.#open.values();
    if (imported.length > 0) {
      const files = imported.join(" or ");
      this.#log.error(
        {},
        `${broken} no longer worked, and was put back. The top-level code of ${files} may have broken it.`,
      );
    } else if (first && others.length === 0) first.broken = broken;
    else {
      const places = [...this.#open.keys()].map(({ runId, nodeId }) => ({ runId, nodeId }));
      this.#log.error({ places }, `${broken} no longer worked, and was put back. One of these may have broken it.`);
    }
  }

  /** @returns the name of a built-in that no longer worked and was put back */
  #restored(): string | undefined {
    const index = this.#builtIns.broken();
    if (index < 0) {
      this.#checkedAtMs = performance.now();
      return undefined;
    }
    this.#builtIns.restore();
    return builtInName(index);
  }
}

function errorOf({ nodeId }: CodePlace, broken: string): Error {
  const message = `${broken} no longer worked after this code, and was put back. The process that executes a workflow relies on it.`;
  return nodeId === undefined ? new SmithersError("RENDER_FAILED", message) : new NonRetryableError(message);
}

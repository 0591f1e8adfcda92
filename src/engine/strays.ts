import type { Origin, OriginFacts } from "../containment/index.ts";
import { describeThrown } from "../errors/index.ts";
import type { Logger } from "./logger.ts";

/** Lines that one origin may log: code that throws at every tick must not fill the log. */
const maxLines = 20;

export interface OriginSettings {
  readonly kind: Origin["kind"];
  readonly facts: OriginFacts;
  files(): ReadonlySet<string>;
  readonly timers: Origin["timers"];
  readonly log: Logger;
  /**
   * Takes an error before it is logged.
   * @returns what came of it, as the end of a sentence
   */
  take(thrown: unknown): string;
}

/** An origin that logs what it throws and nothing catches, with its run and node. */
export function originOf(settings: OriginSettings): Origin {
  return new LoggedOrigin(settings);
}

/** A class: one is made for each attempt, and nothing of it is called as long as nothing goes wrong. */
class LoggedOrigin implements Origin {
  readonly #settings: OriginSettings;
  #lines = 0;

  constructor(settings: OriginSettings) {
    this.#settings = settings;
  }

  get kind() {
    return this.#settings.kind;
  }

  get facts() {
    return this.#settings.facts;
  }

  get files() {
    return this.#settings.files();
  }

  get timers() {
    return this.#settings.timers;
  }

  stray(thrown: unknown): void {
    this.#tell({}, thrown, `Nothing caught an error of the workflow's code${this.#settings.take(thrown)}`);
  }

  suspected(thrown: unknown, origins: readonly OriginFacts[]): void {
    this.#tell({ origins }, thrown, "Nothing caught an error of the code of one of these");
  }

  #tell(more: object, thrown: unknown, message: string): void {
    const { facts, log } = this.#settings;
    this.#lines += 1;
    if (this.#lines > maxLines) return;
    const { name, message: text } = describeThrown(thrown);
    const last = this.#lines === maxLines ? " Further ones of this code are not logged." : "";
    log.error({ ...facts, ...more, err: thrown }, `${message}: ${name}: ${text}${last}`);
  }
}

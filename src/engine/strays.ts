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
export function originOf({ kind, facts, files, timers, log, take }: OriginSettings): Origin {
  let lines = 0;
  const tell = (more: object, thrown: unknown, message: string) => {
    lines += 1;
    if (lines > maxLines) return;
    const { name, message: text } = describeThrown(thrown);
    const last = lines === maxLines ? " Further ones of this code are not logged." : "";
    log.error({ ...facts, ...more, err: thrown }, `${message}: ${name}: ${text}${last}`);
  };
  return {
    kind,
    facts,
    get files() {
      return files();
    },
    timers,
    stray(thrown) {
      tell({}, thrown, `Nothing caught an error of the workflow's code${take(thrown)}`);
    },
    suspected(thrown, origins) {
      tell({ origins }, thrown, "Nothing caught an error of the code of one of these");
    },
  };
}

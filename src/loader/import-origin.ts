import type { Origin } from "../containment/index.ts";
import { describeThrown } from "../errors/index.ts";
import { redact } from "../text/index.ts";
import { printable } from "../text/printable.ts";

/** Receives an error that nothing caught: facts first, then a sentence. */
export interface StrayLog {
  error(facts: object, message: string): void;
}

export const onStderr: StrayLog = {
  error: (_, message) => console.error(printable(redact(message))),
};

/** The top-level code of a workflow file. What it throws later, and nothing catches, is logged with the file's name. */
export function importOrigin(workflow: string, files: ReadonlySet<string>, log: StrayLog): Origin {
  const tell = (thrown: unknown, origins: readonly object[]) => {
    const { name, message } = describeThrown(thrown);
    log.error(
      { workflow, ...(origins.length > 1 && { origins }), err: thrown },
      `The top-level code of ${workflow} has thrown an error that nothing caught: ${name}: ${message}`,
    );
  };
  return { kind: "import", facts: { workflow }, files, stray: (thrown) => tell(thrown, []), suspected: tell };
}

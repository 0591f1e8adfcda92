import type { StoredOutput } from "./stored-output.ts";

interface OutputsOfKey {
  readonly schemaKey: string;
  /** By iteration. */
  readonly outputs: StoredOutput[];
}

const none: readonly StoredOutput[] = [];

/** The outputs of one node. The same object for as long as a run is in memory: what has found it need not search again. */
export class NodeOutputs {
  /** The output of the iteration 0: of the node's only one, unless it is in a loop. */
  first: StoredOutput | undefined;
  /** Nearly always one: an edit may give a node another schema. */
  readonly #lists: OutputsOfKey[] = [];

  /** The outputs with one schema, by iteration. */
  list(schemaKey: string): readonly StoredOutput[] {
    for (const list of this.#lists) if (list.schemaKey === schemaKey) return list.outputs;
    return none;
  }

  add(output: StoredOutput): void {
    const { schemaKey, iteration } = output;
    if (iteration === 0) this.first = output;
    const list = this.#lists.find((one) => one.schemaKey === schemaKey);
    if (!list) {
      this.#lists.push({ schemaKey, outputs: [output] });
      return;
    }
    const { outputs } = list;
    outputs.push(output);
    if (outputs.at(-2)!.iteration > iteration) outputs.sort((a, b) => a.iteration - b.iteration);
  }
}

import { currentValue, type StoredOutput } from "./stored-output.ts";

interface Rows {
  readonly rows: unknown[];
  /** The value that each row was made from: another version of the workflow may read it differently. */
  readonly values: unknown[];
}

const made = new WeakMap<readonly StoredOutput[], Rows>();

/** Rows that one frame has asked for: each call gets a list of its own, for the author may sort it. */
export class FrameRows {
  readonly #outputs: readonly StoredOutput[];
  readonly #rows: readonly unknown[];
  #copies = 0;

  /**
   * Outputs as rows: their fields, and the node and iteration that produced them. A row is made once, for a workflow may
   * ask for thousands of them at each rendering.
   * @throws STORED_VALUE_OUTDATED when one does not fit the workflow's current schema
   */
  constructor(outputs: readonly StoredOutput[]) {
    let known = made.get(outputs);
    if (!known) made.set(outputs, (known = { rows: [], values: [] }));
    const { rows, values } = known;
    for (let index = 0; index < outputs.length; index += 1) {
      const output = outputs[index]!;
      const value = currentValue(output);
      if (index < rows.length && values[index] === value) continue;
      values[index] = value;
      rows[index] = toRow(output, value);
    }
    this.#outputs = outputs;
    this.#rows = rows.slice(0, outputs.length);
  }

  /** Whether there are more outputs by now: a task that was started by the frame may ask too. */
  get isOld(): boolean {
    return this.#rows.length !== this.#outputs.length;
  }

  take(): unknown[] {
    this.#copies += this.#rows.length;
    // A loop over thousands of nodes often asks for the length alone.
    return this.#copies > manyRows ? lateCopy(this.#rows) : this.#rows.slice();
  }
}

/** Rows that a frame copies before it copies them only when they are looked at. */
const manyRows = 10_000;

/** A copy of a list that is made when anything but its length is asked for. */
function lateCopy(rows: readonly unknown[]): unknown[] {
  let isCopied = false;
  const copied = (copy: unknown[]) => {
    if (!isCopied) for (const row of rows) copy.push(row);
    isCopied = true;
    return copy;
  };
  return new Proxy<unknown[]>([], {
    get(target, name) {
      if (name === "length" && !isCopied) return rows.length;
      const value: unknown = Reflect.get(copied(target), name);
      // On the list itself its methods are as fast as on any other.
      return typeof value === "function" && name !== "constructor" && name in Array.prototype
        ? value.bind(target)
        : value;
    },
    set: (target, name, value) => Reflect.set(copied(target), name, value),
    has: (target, name) => Reflect.has(copied(target), name),
    deleteProperty: (target, name) => Reflect.deleteProperty(copied(target), name),
    ownKeys: (target) => Reflect.ownKeys(copied(target)),
    getOwnPropertyDescriptor: (target, name) => Reflect.getOwnPropertyDescriptor(copied(target), name),
    defineProperty: (target, name, property) => Reflect.defineProperty(copied(target), name, property),
  });
}

/** Lets the rows of a list of outputs be collected. */
export function forgetRows(outputs: readonly StoredOutput[]): void {
  made.delete(outputs);
}

function toRow({ nodeId, iteration }: StoredOutput, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return { nodeId, iteration, ...value };
}

import {
  absentValue,
  type OutputRegistry,
  type OutputSchema,
  outdatedOutput,
  readStored,
  type StoredOutput,
} from "../../jsx/index.ts";
import { largeOutputBytes, maxLoadedBytes, type Store } from "../../store/index.ts";

type Writable<T> = { -readonly [Field in keyof T]: T[Field] };
type Value = Writable<StoredOutput>;

/** Values with shorter JSON, in characters, stay in memory: what is known of an output takes as much. */
const smallLength = 1_024;
/** Outputs that are read from the store at once. */
const readAtOnce = 16;

/**
 * The values of a run's outputs. Large ones are in memory only while the tree reads them; the others until there are
 * more than a run is loaded with. What has left the memory is read again when something needs it.
 */
export class OutputValues {
  readonly #runId: string;
  /** Called when a value has left the memory. */
  readonly #forget: (output: StoredOutput) => void;
  /** The outputs that were stored before this process took the run over. */
  readonly #loaded: Value[] = [];
  /** Whether the loaded values have been read by a schema. */
  #isRead = false;
  /** Large values in memory. */
  readonly #large = new Set<Value>();
  /** Other values in memory, the oldest first, with the lengths of their JSON. */
  readonly #middling = new Map<Value, number>();
  #length = 0;
  /** The length after which it is tried again to let values go. */
  #tryAgainAt = maxLoadedBytes;
  /** By the prefix of their keys, the outputs of inline subflows. */
  readonly #inline = new Map<string, OutputRegistry>();

  constructor(runId: string, forget: (output: StoredOutput) => void) {
    this.#runId = runId;
    this.#forget = forget;
  }

  /** Adds an output that was stored before; its value is its JSON's, or absent. */
  load(output: StoredOutput, length: number): void {
    this.#loaded.push(output);
    this.note(output, length);
  }

  /** @param length of the value's JSON, in characters */
  note(output: StoredOutput, length: number): void {
    if (output.value === absentValue || length <= smallLength) return;
    if (length > largeOutputBytes) this.#large.add(output);
    else {
      this.#middling.set(output, length);
      this.#length += length;
    }
  }

  /**
   * Applies the schemas of a workflow to the outputs that were stored before this process took the run over: at once
   * when it is called first, and for each later version of the workflow when an output is needed.
   */
  async readBy(registry: OutputRegistry): Promise<void> {
    for (const output of this.#loaded) {
      if (this.#isRead) this.#drop(output);
      else if (output.value !== absentValue) await this.#readAs(output, registry, output.value);
    }
    this.#isRead = true;
  }

  /** Notes the outputs of an inline subflow. What was loaded was not read by its schemas, which only this frame names. */
  noteInline(prefix: string, registry: OutputRegistry): void {
    if (this.#inline.get(prefix) === registry) return;
    this.#inline.set(prefix, registry);
    for (const output of this.#loaded) if (output.schemaKey.startsWith(prefix)) this.#drop(output);
  }

  /**
   * Lets values leave the memory. All outputs must be stored.
   * @param isRead whether the last frame has read an output: its value stays
   */
  release(isRead: (output: StoredOutput) => boolean): void {
    for (const output of this.#large) if (!isRead(output)) this.#drop(output);
    if (this.#length <= this.#tryAgainAt) return;
    for (const output of this.#middling.keys()) {
      if (this.#length <= maxLoadedBytes / 2) break;
      if (!isRead(output)) this.#drop(output);
    }
    this.#tryAgainAt = Math.max(maxLoadedBytes, this.#length * 1.25);
  }

  /** Reads the values of these outputs where they are not in memory, by the schemas of `registry`. */
  async read(
    outputs: Iterable<StoredOutput>,
    registry: OutputRegistry,
    store: Pick<Store, "readOutput">,
  ): Promise<void> {
    const absent = [...outputs].filter(({ value }) => value === absentValue);
    for (let at = 0; at < absent.length; at += readAtOnce) {
      const some = absent.slice(at, at + readAtOnce);
      await Promise.all(some.map((output) => this.#readFrom(store, output, registry)));
    }
  }

  async #readFrom(store: Pick<Store, "readOutput">, output: Value, registry: OutputRegistry): Promise<void> {
    const bytes = await store.readOutput(this.#runId, output.nodeId, output.iteration);
    const json = bytes && new TextDecoder().decode(bytes);
    await this.#readAs(output, registry, json === undefined ? undefined : JSON.parse(json));
    this.note(output, json?.length ?? 0);
  }

  async #readAs(output: Value, registry: OutputRegistry, stored: unknown): Promise<void> {
    const schema = this.#schemaOf(registry, output.schemaKey);
    const read = schema
      ? await readStored(schema, { value: stored, hash: output.schemaHash }, (issues) => outdatedOutput(output, issues))
      : { value: stored };
    output.misfit = read.misfit;
    output.value = read.misfit ? undefined : read.value;
  }

  #drop(output: Value): void {
    output.value = absentValue;
    output.misfit = undefined;
    this.#large.delete(output);
    this.#length -= this.#middling.get(output) ?? 0;
    this.#middling.delete(output);
    this.#forget(output);
  }

  /** The schema of stored outputs with this key: of the workflow, or of an inline subflow. */
  #schemaOf(registry: OutputRegistry, key: string): OutputSchema | undefined {
    const own = registry.byKey(key);
    if (own) return own;
    for (const [prefix, inline] of this.#inline) {
      const found = key.startsWith(prefix) ? inline.byKey(key.slice(prefix.length)) : undefined;
      if (found) return found;
    }
    return undefined;
  }
}

import {
  absentValue,
  authoredId,
  forgetRows,
  loopsAround,
  NodeOutputs,
  type NodePlace,
  nodePlace,
  type OutputRegistry,
  outdatedInput,
  placesOf,
  type ReadValue,
  type RunView,
  readStored,
  type StoredOutput,
} from "../../jsx/index.ts";
import { type Approval, isWaiting, type Node, type Run, type Signal } from "../../model/index.ts";
import { type NodeProgress, nodeKey, type PlannedTask } from "../../plan/index.ts";
import type { ChildRun, StoredRun } from "../../store/index.ts";
import { OutputValues } from "./output-values.ts";

const noLoops: readonly string[] = [];

/** A run's stored state, held in memory while the run is advanced. Between turns it equals what was committed last. */
export class RunState implements RunView {
  readonly run: Run;
  readonly auth: unknown = null;
  readonly values: OutputValues;
  readonly #nodes = new Map<string, Node>();
  readonly #outputs = new Map<string, StoredOutput>();
  readonly #bySchema = new Map<string, StoredOutput[]>();
  readonly #byNode = new Map<string, NodeOutputs>();
  /** Nodes with a running attempt or an open wait. */
  readonly #underWay = new Set<Node>();
  /** By authored id, the loops around a node, the outermost first. */
  readonly #loopsOf = new Map<string, readonly string[]>();
  readonly #lastIteration = new Map<string, number>();
  readonly #isFresh: boolean;
  #input: ReadValue | undefined;
  #continued: { readonly of: unknown; readonly input: unknown } | undefined;
  readonly #attemptStarts = new Map<string, number>();
  readonly #children = new Map<string, ChildRun>();
  readonly #approvals = new Map<string, Approval>();
  #signals: Signal[];
  #lastOutputNo: number;
  #firstLoop = { id: "", ordinal: Number.POSITIVE_INFINITY };

  constructor({ run, nodes, outputs, approvals, signals, runningAttempts }: Omit<StoredRun, "treeHash">) {
    this.run = run;
    this.#signals = [...signals];
    for (const { nodeId, iteration, startedAtMs } of runningAttempts) {
      this.putAttemptStart(nodeKey(nodeId, iteration), startedAtMs);
    }
    for (const approval of approvals) this.putApproval(approval);
    for (const node of nodes) this.putNode(node);
    this.values = new OutputValues(run.runId, ({ schemaKey }) => forgetRows(this.list(schemaKey)));
    for (const { nodeId, iteration, schemaKey, schemaHash, json } of outputs) {
      const value: unknown = json === null ? absentValue : JSON.parse(json);
      const output = { nodeId, iteration, schemaKey, schemaHash, value };
      this.#indexOutput(output);
      this.values.load(output, json?.length ?? 0);
    }
    this.#isFresh = nodes.length === 0;
    this.#lastOutputNo = outputs.at(-1)?.outputNo ?? 0;
  }

  get runId(): string {
    return this.run.runId;
  }

  /** @throws STORED_VALUE_OUTDATED */
  get input(): unknown {
    if (this.#input?.misfit) throw this.#input.misfit;
    const input = this.#input ? this.#input.value : this.run.input;
    if (this.run.continuation === null) return input;
    // Every frame gets one and the same object.
    if (this.#continued?.of !== input) this.#continued = { of: input, input: withContinuation(input, this.run) };
    return this.#continued!.input;
  }

  /**
   * Reads what was stored before this process took the run over by the schemas that a workflow has now. Must be called
   * before the first frame of each version of the workflow.
   */
  async readBy(registry: OutputRegistry): Promise<void> {
    const { input } = registry;
    // A fresh run's input has just been validated.
    const hash = this.#isFresh ? (input?.hash ?? "") : "";
    this.#input = input && (await readStored(input, { value: this.run.input, hash }, outdatedInput));
    await this.values.readBy(registry);
  }

  get iteration(): number {
    return this.loopIteration(this.#firstLoop.id);
  }

  get iterations(): Readonly<Record<string, number>> {
    const found: Record<string, number> = {};
    for (const ids of this.#loopsOf.values()) {
      for (const { id, iteration } of placesOf(ids, (key) => this.loopIteration(key))) found[id] = iteration;
    }
    return found;
  }

  find(nodeId: string, iteration: number): StoredOutput | undefined {
    return this.#outputs.get(nodeKey(nodeId, iteration));
  }

  list(schemaKey: string): readonly StoredOutput[] {
    return this.#bySchema.get(schemaKey) ?? [];
  }

  outputsOf(nodeId: string): NodeOutputs {
    let outputs = this.#byNode.get(nodeId);
    if (!outputs) this.#byNode.set(nodeId, (outputs = new NodeOutputs()));
    return outputs;
  }

  lastUnder(prefix: string): StoredOutput | undefined {
    let last: StoredOutput | undefined;
    for (const output of this.#outputs.values()) {
      if (output.nodeId.startsWith(prefix) && output.schemaKey !== "_timer") last = output;
    }
    return last;
  }

  noteInline(prefix: string, registry: OutputRegistry): void {
    this.values.noteInline(prefix, registry);
  }

  nextOutputNo(): number {
    this.#lastOutputNo += 1;
    return this.#lastOutputNo;
  }

  loopIteration(loopKey: string): number {
    return Object.hasOwn(this.run.loops, loopKey) ? this.run.loops[loopKey]! : 0;
  }

  loopsOf(nodeId: string): readonly string[] {
    return this.#loopsOf.size === 0 ? noLoops : (this.#loopsOf.get(authoredId(nodeId)) ?? noLoops);
  }

  /** Must be called for every mounted task: an edit may move a node into a loop or out of it. */
  noteLoops({ spec, loops }: PlannedTask): void {
    if (loops.length === 0) this.#loopsOf.delete(spec.id);
    else
      this.#loopsOf.set(
        spec.id,
        loops.map((loop) => loop.spec.id),
      );
  }

  /** Where a node is kept in the current iterations of the loops around it. */
  placeOf(id: string): NodePlace {
    return nodePlace(id, this.loopsOf(id), (loopKey) => this.loopIteration(loopKey));
  }

  /** The highest iteration in which a node was mounted. */
  lastIteration(nodeId: string): number {
    return this.#lastIteration.get(nodeId) ?? 0;
  }

  hasStarted(nodeId: string, iteration: number): boolean {
    const node = this.#nodes.get(nodeKey(nodeId, iteration));
    return node !== undefined && (node.state !== "pending" || node.attempt > 0);
  }

  progress(key: string): NodeProgress | undefined {
    return this.#nodes.get(key);
  }

  stateOf(nodeId: string, iteration: number): Node | undefined {
    return this.#nodes.get(nodeKey(nodeId, iteration));
  }

  node(key: string): Node | undefined {
    return this.#nodes.get(key);
  }

  findNode(nodeId: string, iteration: number): Node | undefined {
    return this.#nodes.get(nodeKey(nodeId, iteration));
  }

  nodes(): IterableIterator<Node> {
    return this.#nodes.values();
  }

  nodesUnderWay(): ReadonlySet<Node> {
    return this.#underWay;
  }

  /** Must be called after every change of a node's state. */
  noteState(node: Node): void {
    if (node.state === "in-progress" || isWaiting(node.state)) this.#underWay.add(node);
    else this.#underWay.delete(node);
  }

  putNode(node: Node): void {
    this.noteState(node);
    this.#nodes.set(nodeKey(node.nodeId, node.iteration), node);
    this.#lastIteration.set(node.nodeId, Math.max(node.iteration, this.lastIteration(node.nodeId)));
    if (node.loopId === null) return;
    const loops = loopsAround(node.loopId);
    const id = authoredId(node.nodeId);
    if (!this.#loopsOf.has(id)) this.#loopsOf.set(id, loops);
    if (node.ordinal < this.#firstLoop.ordinal) this.#firstLoop = { id: loops[0]!, ordinal: node.ordinal };
  }

  /** When the node's running attempt was recorded, in epoch ms; null when no attempt is running. */
  attemptStartedAtMs(key: string): number | null {
    return this.#attemptStarts.get(key) ?? null;
  }

  putAttemptStart(key: string, startedAtMs: number | null): void {
    if (startedAtMs === null) this.#attemptStarts.delete(key);
    else this.#attemptStarts.set(key, startedAtMs);
  }

  /** The run of a Subflow, as it was when the run's children were read last. */
  child(key: string): ChildRun | undefined {
    return this.#children.get(key);
  }

  /** Whether a Subflow's run has not ended. */
  get hasSubflows(): boolean {
    for (const { kind } of this.#underWay) if (kind === "subflow") return true;
    return false;
  }

  /** Takes in the runs of Subflows, oldest first. One that is not cancelled counts more than a later one that is. */
  receiveChildren(children: readonly ChildRun[]): void {
    this.#children.clear();
    for (const child of children) {
      const key = nodeKey(child.nodeId, child.iteration);
      if (child.cancelRequestedAtMs === null || !this.#children.has(key)) this.#children.set(key, child);
    }
  }

  /** A Subflow's run is started, or runs again: what was known of it no longer holds. */
  forgetChild(key: string): void {
    this.#children.delete(key);
  }

  approval(key: string): Approval | undefined {
    return this.#approvals.get(key);
  }

  putApproval(approval: Approval): void {
    this.#approvals.set(nodeKey(approval.nodeId, approval.iteration), approval);
  }

  /** Takes in decisions, and all signals that no wait has consumed, oldest first. */
  receive(decisions: readonly Approval[], signals: readonly Signal[]): void {
    for (const decision of decisions) this.putApproval(decision);
    this.#signals = [...signals];
  }

  /** Signals that no wait has consumed, oldest first. */
  get signals(): readonly Signal[] {
    return this.#signals;
  }

  /** Removes and returns the oldest signal that `fits`. */
  takeSignal(fits: (signal: Signal) => boolean): Signal | undefined {
    const index = this.#signals.findIndex(fits);
    return index < 0 ? undefined : this.#signals.splice(index, 1)[0];
  }

  /** @param length of the value's JSON, in characters */
  putOutput(output: StoredOutput, length: number): void {
    this.#indexOutput(output);
    this.values.note(output, length);
  }

  #indexOutput(output: StoredOutput): void {
    this.#outputs.set(nodeKey(output.nodeId, output.iteration), output);
    const rows = this.#bySchema.get(output.schemaKey);
    if (rows) rows.push(output);
    else this.#bySchema.set(output.schemaKey, [output]);
    this.outputsOf(output.nodeId).add(output);
  }
}

/** The input of a run that continues another one: with what that one has handed over. */
function withContinuation(input: unknown, { continuation }: Run): unknown {
  const fields = typeof input === "object" && input !== null && !Array.isArray(input) ? input : { value: input };
  const { idleRuns: _, ...given } = continuation!;
  return { ...fields, __smithersContinuation: given };
}

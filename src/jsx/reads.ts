import { authoredId } from "./loop-places.ts";
import type { NodeOutputs } from "./node-outputs.ts";
import type { FrameRows } from "./rows.ts";
import type { StoredOutput } from "./stored-output.ts";

/** The outputs that a frame has read. A turn that changes none of them does not need to render again. */
export interface Reads {
  /** Keys of the outputs whose rows were all read. */
  readonly rowsOf: Set<string>;
  /** The rows that were read, by the output's key. */
  readonly rows: Map<string, FrameRows>;
  /** Outputs that were read while their values were not in memory: the frame must be rendered again. */
  readonly absent: Set<StoredOutput>;
  /** Whether it was read which nodes have failed. */
  failures: boolean;
  /**
   * Notes that a node's outputs are read, in any of its iterations.
   * @param id may have a suffix; see `authoredId`
   * @returns the outputs that are stored under the id as it is
   */
  node(id: string): NodeOutputs;
}

/** A node that frames have asked for. */
class AskedNode {
  readonly id: string;
  readonly outputs: NodeOutputs;
  /** The same node without the suffix of its id. */
  readonly authored: AskedNode | undefined;
  /** The last frame that has asked for it. */
  frameNo = 0;
  /** The node that was asked for after this one. */
  next: AskedNode | undefined;

  constructor(id: string, outputs: NodeOutputs, authored: AskedNode | undefined) {
    this.id = id;
    this.outputs = outputs;
    this.authored = authored;
  }
}

/** Finds the outputs of a node. */
interface AskedRun {
  outputsOf(nodeId: string): NodeOutputs;
}

/** Nodes that are remembered although the last frame has not asked for them. */
const maxIdle = 10_000;

/**
 * The nodes that the frames of one run have asked for. They are kept from frame to frame: a tree of thousands of nodes
 * asks for most of them at each rendering, and each question is one look-up.
 */
export class AskedNodes {
  readonly #byId = new Map<string, AskedNode>();
  #run: AskedRun | undefined;
  #frameNo = 0;
  /** How many nodes the current frame has asked for. */
  #asked = 0;
  /** The node that was asked for last. */
  #last: AskedNode | undefined;

  /** Begins a frame. */
  begin(run: AskedRun): FrameReads {
    if (run !== this.#run || this.#byId.size > 2 * this.#asked + maxIdle) this.#byId.clear();
    this.#run = run;
    this.#last = undefined;
    this.#frameNo += 1;
    this.#asked = 0;
    return new FrameReads(this, this.#frameNo);
  }

  note(id: string, frameNo: number): NodeOutputs {
    const node = this.#find(id);
    // Code of an earlier frame, such as a task's function, may ask too.
    if (node.frameNo < frameNo) {
      node.frameNo = frameNo;
      this.#asked += 1;
      if (node.authored) node.authored.frameNo = Math.max(node.authored.frameNo, frameNo);
    }
    return node.outputs;
  }

  #find(id: string): AskedNode {
    const last = this.#last;
    if (last?.id === id) return last;
    // Most frames ask for the same nodes in the same order, and to compare two ids costs less than a search.
    let node = last?.next;
    if (node?.id !== id) {
      node = this.#byId.get(id) ?? this.#add(id);
      if (last) last.next = node;
    }
    this.#last = node;
    return node;
  }

  isNoted(id: string, frameNo: number): boolean {
    const node = this.#byId.get(id);
    return node !== undefined && node.frameNo >= frameNo;
  }

  #add(id: string): AskedNode {
    const authored = authoredId(id);
    const node = new AskedNode(
      id,
      this.#run!.outputsOf(id),
      authored === id ? undefined : (this.#byId.get(authored) ?? this.#add(authored)),
    );
    this.#byId.set(id, node);
    return node;
  }
}

/** What one frame has read. */
export class FrameReads implements Reads {
  readonly rowsOf = new Set<string>();
  readonly rows = new Map<string, FrameRows>();
  readonly absent = new Set<StoredOutput>();
  failures = false;
  readonly #nodes: AskedNodes;
  readonly #frameNo: number;

  constructor(nodes: AskedNodes, frameNo: number) {
    this.#nodes = nodes;
    this.#frameNo = frameNo;
  }

  node(id: string): NodeOutputs {
    return this.#nodes.note(id, this.#frameNo);
  }

  /** Whether the frame has read an output. */
  hasRead({ schemaKey, nodeId }: Pick<StoredOutput, "schemaKey" | "nodeId">): boolean {
    return this.rowsOf.has(schemaKey) || this.#nodes.isNoted(authoredId(nodeId), this.#frameNo);
  }
}

/** @jsxImportSource smithers-orchestrator */
import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  Approval,
  approvalDecisionSchema,
  createSmithers,
  Loop,
  Parallel,
  Sequence,
  WaitForEvent,
  Workflow,
} from "smithers-orchestrator";
import { z } from "zod";
import { isSettled, type Node } from "../../src/model/index.ts";
import { openStore, type Store } from "../../src/store/index.ts";
import { newDatabase, type Ran, run } from "../support/run.ts";

/** Random trees, random edits between turns, random decisions: nothing passes a gate that nobody passed. */

type Kind = "task" | "asktask" | "approval" | "event";
interface Leaf {
  readonly type: "leaf";
  readonly id: string;
  readonly kind: Kind;
  /** What is asked, or which event is awaited: an edit may change it. */
  readonly word: string;
}
interface Group {
  readonly type: "sequence" | "parallel" | "loop";
  readonly children: readonly Shape[];
}
type Shape = Leaf | Group;

/** What the test does between two resumes. */
interface Step {
  readonly tree: readonly Shape[];
  readonly actions: readonly { readonly what: "grant" | "deny" | "signal"; readonly choice: number }[];
}

const ids = ["a", "b", "c", "d", "e", "f"];
const words = ["one", "two"];
const iterations = 2;

const leaf: fc.Arbitrary<Shape> = fc.record({
  type: fc.constant("leaf" as const),
  id: fc.constantFrom(...ids),
  kind: fc.constantFrom<Kind>("task", "task", "asktask", "approval", "approval", "event"),
  word: fc.constantFrom(...words),
});

const group = (depth: number): fc.Arbitrary<Shape> =>
  depth === 0
    ? leaf
    : fc.oneof(
        { weight: 3, arbitrary: leaf },
        {
          weight: 2,
          arbitrary: fc.record({
            type: fc.constantFrom("sequence" as const, "parallel" as const, "loop" as const),
            children: fc.array(group(depth - 1), { minLength: 1, maxLength: 3 }),
          }),
        },
      );

/** A tree in which each id occurs once. */
const tree = fc.array(group(2), { minLength: 1, maxLength: 4 }).map((shapes) => {
  const seen = new Set<string>();
  const once = (shape: Shape): Shape[] => {
    if (shape.type !== "leaf") {
      const children = shape.children.flatMap(once);
      return children.length === 0 ? [] : [{ ...shape, children }];
    }
    if (seen.has(shape.id)) return [];
    seen.add(shape.id);
    return [shape];
  };
  return shapes.flatMap(once);
});

const step: fc.Arbitrary<Step> = fc.record({
  tree,
  actions: fc.array(
    fc.record({
      what: fc.constantFrom("grant" as const, "grant" as const, "grant" as const, "deny" as const, "signal" as const),
      choice: fc.nat(9),
    }),
    { maxLength: 4 },
  ),
});

/** Mostly the tree of the step before: between two edits something is decided. */
const steps = fc.array(fc.tuple(step, fc.boolean()), { minLength: 3, maxLength: 7 }).map((drawn) => {
  let tree = drawn[0]![0].tree;
  return drawn.map(([next, isEdited]): Step => {
    if (isEdited) tree = next.tree;
    return { ...next, tree };
  });
});

const { smithers, outputs, Task } = createSmithers({
  decision: approvalDecisionSchema,
  value: z.object({ n: z.number() }),
});

/** A leaf where it stands: what comes before it in the present tree, and the loops around it. */
interface Place {
  readonly leaf: Leaf;
  readonly loops: readonly string[];
  readonly before: readonly Place[];
}

function placesIn(shapes: readonly Shape[]): Place[] {
  const visit = (
    children: readonly Shape[],
    inOrder: boolean,
    before: readonly Place[],
    loops: readonly string[],
    path: string,
  ): Place[] => {
    const found: Place[] = [];
    children.forEach((shape, index) => {
      const earlier = inOrder ? [...before, ...found] : before;
      const at = `${path}.${index}`;
      if (shape.type === "leaf") found.push({ leaf: shape, loops, before: earlier });
      else {
        const inner = shape.type === "loop" ? [...loops, `l${at}`] : loops;
        found.push(...visit(shape.children, shape.type !== "parallel", earlier, inner, at));
      }
    });
    return found;
  };
  return visit(shapes, true, [], [], "");
}

class World {
  readonly db: string;
  readonly runId = "edited";
  /** `id iteration word` of each yes that was said. */
  readonly granted = new Set<string>();
  /** Keys of nodes that have finished. */
  readonly finished = new Set<string>();
  readonly problems: string[] = [];
  readonly #store: Store;
  #places: Place[] = [];

  private constructor(db: string, store: Store) {
    this.db = db;
    this.#store = store;
  }

  /** A new world with a run that has not begun. Its store stays open: opening costs more than any look into it. */
  static async create(): Promise<World> {
    const db = newDatabase();
    return new World(db, await openStore(db));
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  async resume({ tree }: Step, isFirst: boolean): Promise<Ran> {
    this.#places = placesIn(tree);
    const ran = await run(this.#workflow(tree), {
      db: this.db,
      runId: this.runId,
      ...(isFirst ? {} : { resume: true }),
    });
    this.#check(ran);
    return ran;
  }

  async act({ actions }: Step): Promise<void> {
    for (const { what, choice } of actions) {
      if (what === "signal") await this.#signal(choice);
      else await this.#decide(what, choice);
    }
  }

  async #decide(what: "grant" | "deny", choice: number): Promise<void> {
    const pending = await this.#store.pendingApprovals({ nowMs: Date.now(), runId: this.runId, limit: 100 });
    const asked = pending[choice % Math.max(pending.length, 1)];
    if (!asked) return;
    const { nodeId, iteration, title } = asked;
    const status = what === "grant" ? "granted" : "denied";
    await this.#store.decide({ runId: this.runId, nodeId, iteration, status }, Date.now());
    if (what === "grant") this.granted.add(`${nodeId} ${iteration} ${title}`);
  }

  async #signal(choice: number): Promise<void> {
    const run = await this.#store.findRun(this.runId);
    if (!run || run.finishedAtMs !== null) return;
    const name = words[choice % words.length]!;
    await this.#store.receiveSignal({ runId: this.runId, name, data: { n: choice } }, Date.now());
  }

  #workflow(tree: readonly Shape[]) {
    const element = (shape: Shape, path: string): React.JSX.Element => {
      if (shape.type === "leaf") return this.#leaf(shape);
      const children = shape.children.map((child, index) => element(child, `${path}.${index}`));
      if (shape.type === "sequence") return <Sequence key={path}>{children}</Sequence>;
      if (shape.type === "parallel") return <Parallel key={path}>{children}</Parallel>;
      return (
        <Loop key={path} id={`l${path}`} until={false} maxIterations={iterations}>
          {children}
        </Loop>
      );
    };
    return smithers(() => <Workflow name="edited">{tree.map((shape, index) => element(shape, `.${index}`))}</Workflow>);
  }

  #leaf({ id, kind, word }: Leaf): React.JSX.Element {
    if (kind === "approval") return <Approval key={id} id={id} output={outputs.decision} request={{ title: word }} />;
    if (kind === "event") return <WaitForEvent key={id} id={id} event={word} output={outputs.value} />;
    return (
      <Task key={id} id={id} label={word} needsApproval={kind === "asktask"} output={outputs.value} retries={0}>
        {async ({ nodeId, iteration }) => {
          await this.#begins(nodeId, iteration);
          return { n: 1 };
        }}
      </Task>
    );
  }

  /** Called by a task's code: what the tree says must have happened before it has happened. */
  async #begins(nodeId: string, iteration: number): Promise<void> {
    const key = `${nodeId} ${iteration}`;
    const at = this.#places.find(({ leaf }) => leaf.id === nodeId.split("@@")[0]);
    if (this.finished.has(key)) this.problems.push(`${key} has finished and runs again`);
    if (!at) return void this.problems.push(`${key} runs and is not mounted`);
    if (at.leaf.kind === "asktask" && !this.granted.has(`${key} ${at.leaf.word}`)) {
      this.problems.push(`${key} runs, and nobody has said yes to "${at.leaf.word}"`);
    }
    const nodes = await this.#store.nodesOf(this.runId);
    for (const needed of at.before) {
      const shared = needed.loops.filter((loop, depth) => at.loops[depth] === loop).length;
      // From outside a loop its node is done in the last iteration; inside, in this one.
      const isInside = shared === needed.loops.length;
      const candidates = nodes.filter((node) => node.nodeId.split("@@")[0] === needed.leaf.id);
      const last = isInside
        ? candidates.filter((node) => isInside && sameIteration(node, nodeId, iteration, needed, at))
        : candidates.filter((node) => needed.loops.length > 1 || node.iteration === iterations - 1);
      if (!last.some(({ state }) => isSettled(state) && state !== "failed" && state !== "cancelled")) {
        this.problems.push(
          `${key} runs before ${needed.leaf.id}: ${JSON.stringify(candidates.map(({ nodeId, iteration, state }) => [nodeId, iteration, state]))}`,
        );
      }
    }
  }

  #check(ran: Ran): void {
    for (const node of Object.values(ran.nodes)) {
      const key = `${node.nodeId} ${node.iteration}`;
      if (node.state !== "finished" || this.finished.has(key)) continue;
      this.finished.add(key);
      const word = this.#places.find(({ leaf }) => leaf.id === node.nodeId.split("@@")[0])?.leaf.word;
      if (node.kind === "approval" && !this.granted.has(`${key} ${word}`)) {
        this.problems.push(`the gate ${key} is passed, and nobody has said yes to "${word}"`);
      }
    }
    if (ran.status === "finished") {
      for (const { leaf } of this.#places) {
        const states = Object.values(ran.nodes).filter(({ nodeId }) => nodeId.split("@@")[0] === leaf.id);
        if (!states.some(({ state }) => state === "finished" || state === "skipped")) {
          this.problems.push(`the run has finished without ${leaf.id}`);
        }
      }
    } else if (ran.status === "failed") {
      if (!ran.error?.code) this.problems.push("the run has failed and does not say why");
    } else if (!Object.values(ran.nodes).some(({ state }) => state === ran.status)) {
      this.problems.push(`the run is ${ran.status}, and no node is`);
    }
  }
}

/** Whether a node that stands before another, in the same loops or in fewer, is of the same iteration. */
function sameIteration(node: Node, nodeId: string, iteration: number, needed: Place, at: Place): boolean {
  if (needed.loops.length === 0) return node.iteration === 0;
  if (needed.loops.length === at.loops.length) {
    return node.iteration === iteration && node.nodeId.split("@@")[1] === nodeId.split("@@")[1];
  }
  // It stands in an outer loop: its iteration is in the other's id.
  const outer = new Map((nodeId.split("@@")[1] ?? "").split(",").map((place) => place.split("=") as [string, string]));
  return String(node.iteration) === outer.get(needed.loops.at(-1)!);
}

test("whatever is edited and decided, nothing runs before its turn, passes a gate unasked, or runs again", async () => {
  const endings = new Set<string>();
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      const world = await World.create();
      let ran: Ran | undefined;
      try {
        for (const [index, one] of all.entries()) {
          ran = await world.resume(one, index === 0);
          expect(world.problems).toEqual([]);
          endings.add(ran.error?.code ?? ran.status);
          if (ran.status === "finished") return;
          await world.act(one);
        }
      } finally {
        await world.close();
      }
    }),
    { numRuns: 150 },
  );
  // The property is worth something only where runs go each way.
  for (const way of ["finished", "waiting-approval", "waiting-event", "APPROVAL_DENIED", "NODE_REDEFINED"]) {
    expect(endings).toContain(way);
  }
}, 120_000);

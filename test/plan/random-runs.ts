import fc from "fast-check";
import { isSmithersError } from "../../src/errors/index.ts";
import type { HostElement } from "../../src/jsx/index.ts";
import { isSettled, type NodeState, noWake, type Wake } from "../../src/model/index.ts";
import { compilePlan, nodeKey, type Plan, type PlannedTask, type Schedule, schedule } from "../../src/plan/index.ts";
import { loop, parallel, sequence, task, workflow } from "./trees.ts";

/** How a task behaves when it runs. */
export interface Behaviour {
  readonly kind: "compute" | "static" | "timer";
  readonly skipIf: boolean;
  readonly continueOnFail: boolean;
  /** Attempts that fail before one succeeds. */
  readonly failures: number;
  readonly retries: number;
  /** Other tasks, as numbers modulo how many there are. */
  readonly dependsOn: readonly number[];
}

export type Shape =
  | { kind: "task"; behaviour: Behaviour }
  | { kind: "sequence"; children: Shape[] }
  | { kind: "parallel"; maxConcurrency: number | undefined; children: Shape[] }
  | { kind: "loop"; times: number; maxIterations: number; mayRunOut: boolean; children: Shape[] };

const rarely = fc.integer({ min: 0, max: 9 }).map((n) => n === 0);

const taskShape: fc.Arbitrary<Shape> = fc
  .record({
    kind: fc.constantFrom<Behaviour["kind"]>("compute", "compute", "compute", "static", "timer"),
    skipIf: rarely,
    continueOnFail: fc.boolean(),
    failures: fc.constantFrom(0, 0, 0, 0, 0, 0, 1, 2, 3),
    retries: fc.integer({ min: 0, max: 2 }),
    dependsOn: fc.oneof(
      { weight: 9, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.array(fc.nat(99), { maxLength: 2 }) },
    ),
  })
  .map((behaviour) => ({ kind: "task", behaviour }));

const shapes = (inLoop: boolean) =>
  fc.memo<Shape>((depth) => {
    if (depth <= 1) return taskShape;
    const children = fc.array(shapes(inLoop)(depth - 1), { minLength: 1, maxLength: 4 });
    const branches: fc.Arbitrary<Shape>[] = [
      taskShape,
      fc.record({ kind: fc.constant("sequence"), children }),
      fc.record({
        kind: fc.constant("parallel"),
        maxConcurrency: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
        children,
      }),
    ];
    if (!inLoop) {
      branches.push(
        fc.record({
          kind: fc.constant("loop"),
          times: fc.integer({ min: 0, max: 4 }),
          maxIterations: fc.integer({ min: 1, max: 4 }),
          mayRunOut: fc.boolean(),
          children: fc.array(shapes(true)(depth - 1), { minLength: 1, maxLength: 3 }),
        }),
      );
    }
    return fc.oneof(...branches);
  });

export interface RandomRun {
  readonly shape: Shape[];
  readonly maxConcurrency: number;
  /** What decides which of the attempts that run ends next, and whether the plan is compiled again although nothing asks for it. */
  readonly choices: readonly number[];
}

export const randomRuns: fc.Arbitrary<RandomRun> = fc.record({
  shape: fc.array(shapes(false)(4), { minLength: 1, maxLength: 5 }),
  maxConcurrency: fc.constantFrom(1, 2, 3, Number.POSITIVE_INFINITY),
  choices: fc.array(fc.nat(999), { minLength: 1, maxLength: 30 }),
});

interface NodeRecord extends Wake {
  state: NodeState;
  wakeAtMs: number | null;
  failures: number;
}

/** How a run came to its end. */
export type Ending = "finished" | "failed" | "exhausted" | "blocked" | "circular";

/** Runs a workflow as the engine does, with attempts that end in any order, over nothing but the planner. */
export class Simulation {
  readonly nodes = new Map<string, NodeRecord>();
  readonly running = new Map<string, PlannedTask>();
  readonly loops = new Map<string, number>();
  nowMs = 0;
  steps = 0;
  #choice = 0;
  readonly #run: RandomRun;
  readonly #behaviours: Behaviour[] = [];
  readonly #look: (planned: Schedule, plan: Plan, simulation: Simulation) => void;

  /** @param look is shown each schedule before anything in it is begun */
  constructor(run: RandomRun, look: (planned: Schedule, plan: Plan, simulation: Simulation) => void = () => {}) {
    this.#run = run;
    this.#look = look;
    const collect = (shape: Shape): void => {
      if (shape.kind === "task") this.#behaviours.push(shape.behaviour);
      else shape.children.forEach(collect);
    };
    run.shape.forEach(collect);
  }

  toEnd(): Ending {
    try {
      return this.#toEnd();
    } catch (error) {
      if (isSmithersError(error) && error.code === "CIRCULAR_DEPENDENCY") return "circular";
      throw error;
    }
  }

  #toEnd(): Ending {
    let plan: Plan | undefined;
    let rendered = "";
    for (;;) {
      this.steps += 1;
      if (this.steps > 5_000) throw new Error("The run does not end.");
      const tree = this.#render();
      const shown = JSON.stringify(tree);
      if (plan === undefined || shown !== rendered || this.#choose(4) === 0) {
        plan = compilePlan(tree, {
          loopIteration: (id) => this.loops.get(id) ?? 0,
          hasStarted: (nodeId, iteration) => {
            const state = this.nodes.get(nodeKey(nodeId, iteration))?.state;
            return state !== undefined && state !== "pending";
          },
        });
        rendered = shown;
        for (const { key } of plan.tasks) {
          if (!this.nodes.has(key)) this.nodes.set(key, { ...noWake, state: "pending", failures: 0 });
        }
      }
      const planned = schedule(plan, {
        now: { nowMs: this.nowMs, steadyMs: 0, steadyClock: "" },
        maxConcurrency: this.#run.maxConcurrency,
        progress: (key) => this.nodes.get(key),
      });
      this.#look(planned, plan, this);
      if (planned.settled) return "finished";
      if (planned.advance.length > 0) {
        for (const { spec, iteration } of planned.advance) this.loops.set(spec.id, iteration + 1);
        plan = undefined;
        continue;
      }
      if (!planned.failed && !planned.exhausted && planned.ready.length > 0) {
        for (const ready of planned.ready) this.#begin(ready);
        continue;
      }
      if (this.running.size > 0) {
        this.#endOne();
        continue;
      }
      if (planned.failed) return "failed";
      if (planned.exhausted) return "exhausted";
      const waits = planned.waiting.map(({ key }) => key);
      if (waits.length > 0) {
        this.#settle(waits[this.#choose(waits.length)]!, "finished");
        continue;
      }
      if (planned.paused.length > 0) {
        this.nowMs = Math.min(...planned.paused.map(({ key }) => this.nodes.get(key)!.wakeAtMs!));
        continue;
      }
      return "blocked";
    }
  }

  get shape(): readonly Shape[] {
    return this.#run.shape;
  }

  get maxConcurrency(): number {
    return this.#run.maxConcurrency;
  }

  /** Of the task with this id. */
  readonly behaviour = (nodeId: string): Behaviour => {
    return this.#behaviours[Number(nodeId.slice(1))]!;
  };

  dependsOn(nodeId: string): string[] {
    return this.behaviour(nodeId).dependsOn.map((n) => `t${n % this.#behaviours.length}`);
  }

  #choose(count: number): number {
    const { choices } = this.#run;
    return choices[this.#choice++ % choices.length]! % count;
  }

  #begin(planned: PlannedTask): void {
    const { kind, skipIf } = this.behaviour(planned.nodeId);
    if (skipIf) return this.#settle(planned.key, "skipped");
    if (kind === "static") return this.#settle(planned.key, "finished");
    if (kind === "timer") {
      this.nodes.get(planned.key)!.state = "waiting-timer";
      return;
    }
    this.nodes.get(planned.key)!.state = "in-progress";
    this.running.set(planned.key, planned);
  }

  #endOne(): void {
    const keys = [...this.running.keys()];
    const key = keys[this.#choose(keys.length)]!;
    const { failures, retries } = this.behaviour(this.running.get(key)!.nodeId);
    this.running.delete(key);
    const node = this.nodes.get(key)!;
    if (node.failures >= failures) return this.#settle(key, "finished");
    node.failures += 1;
    if (node.failures > retries) return this.#settle(key, "failed");
    node.state = "pending";
    node.wakeAtMs = this.nowMs + 1 + this.#choose(5);
  }

  #settle(key: string, state: Extract<NodeState, "finished" | "failed" | "skipped">): void {
    Object.assign(this.nodes.get(key)!, { state, wakeAtMs: null });
  }

  #render(): HostElement {
    let tasks = 0;
    let loops = 0;
    const element = (shape: Shape): HostElement => {
      switch (shape.kind) {
        case "task": {
          const id = `t${tasks++}`;
          const { kind, skipIf, continueOnFail } = shape.behaviour;
          return task(id, { kind, skipIf, continueOnFail, dependsOn: this.dependsOn(id) } as never);
        }
        case "sequence":
          return sequence(...shape.children.map(element));
        case "parallel":
          return parallel(shape.maxConcurrency, ...shape.children.map(element));
        case "loop": {
          const id = `loop${loops++}`;
          const iteration = this.loops.get(id) ?? 0;
          const first = tasks;
          const children = shape.children.map(element);
          const bodySettled = Array.from({ length: tasks - first }, (_, n) => `t${first + n}`).every((nodeId) => {
            const state = this.nodes.get(nodeKey(nodeId, iteration))?.state;
            return state !== undefined && isSettled(state);
          });
          const { maxIterations, mayRunOut, times } = shape;
          const onMaxReached = mayRunOut ? "return-last" : "fail";
          return loop(
            { id, until: iteration + (bodySettled ? 1 : 0) >= times, maxIterations, onMaxReached },
            ...children,
          );
        }
      }
    };
    return workflow(...this.#run.shape.map(element));
  }
}

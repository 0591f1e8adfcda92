import { expect, test } from "bun:test";
import fc from "fast-check";
import { isSettled } from "../../src/model/index.ts";
import type { PlannedTask } from "../../src/plan/index.ts";
import { type Ending, type RandomRun, randomRuns, Simulation } from "./random-runs.ts";
import { type Reachable, reachable } from "./reachable.ts";

/** Checks what holds for every workflow and every order in which its attempts end. */
const always = (body: (run: RandomRun) => void) => fc.assert(fc.property(randomRuns, body), { numRuns: 150 });

const takesPlace = ({ spec }: PlannedTask) => spec.kind === "compute" && !spec.skipIf;

test("a node is started only while it is pending, once at a time, and never after it has ended", () => {
  always((run) => {
    new Simulation(run, ({ ready }, plan, { nodes, running }) => {
      expect(new Set(ready.map(({ key }) => key)).size).toBe(ready.length);
      for (const started of ready) {
        expect(plan.byId.get(started.nodeId)).toBe(started);
        expect(nodes.get(started.key)!.state).toBe("pending");
        expect(running.has(started.key)).toBe(false);
      }
    }).toEnd();
  });
});

test("a task starts only after what stands before it, what it depends on, and its delay", () => {
  always((run) => {
    new Simulation(run, ({ ready, settled }, _plan, simulation) => {
      const reached = reachable(simulation);
      const keys = new Set(reached.tasks.map(({ key }) => key));
      expect(settled).toBe(reached.settled);
      for (const { nodeId, key } of ready) {
        expect(keys).toContain(key);
        expect(simulation.nodes.get(key)!.wakeAtMs ?? 0).toBeLessThanOrEqual(simulation.nowMs);
        for (const needed of simulation.dependsOn(nodeId)) expect(reached.isDone(needed, nodeId)).toBe(true);
      }
    }).toEnd();
  });
});

test("never more run at once than the run and each Parallel allow, and no fewer where they could", () => {
  always((run) => {
    new Simulation(run, ({ ready }, _plan, simulation) => {
      const { nodes, running, maxConcurrency, nowMs } = simulation;
      const starting = new Set(ready.filter(takesPlace).map(({ key }) => key));
      const { tasks, isDone } = reachable(simulation);
      const atOnce = tasks.filter(({ key }) => running.has(key) || starting.has(key));
      const load = (group: Reachable["groups"][number]) => atOnce.filter(({ groups }) => groups.includes(group)).length;
      expect(atOnce.length).toBe(running.size + starting.size);
      expect(atOnce.length).toBeLessThanOrEqual(maxConcurrency);
      for (const group of atOnce.flatMap(({ groups }) => groups)) expect(load(group)).toBeLessThanOrEqual(group.limit);

      for (const { nodeId, key, groups } of tasks) {
        const { state, wakeAtMs } = nodes.get(key)!;
        const isHeldBack = !simulation.dependsOn(nodeId).every((needed) => isDone(needed, nodeId));
        if (state !== "pending" || isHeldBack || (wakeAtMs ?? 0) > nowMs) continue;
        const isFull = atOnce.length >= maxConcurrency || groups.some((group) => load(group) >= group.limit);
        if (!isFull) expect(ready.map((task) => task.key)).toContain(key);
      }
    }).toEnd();
  });
});

test("every run ends, and a finished run has no open node", () => {
  always((run) => {
    const simulation = new Simulation(run);
    const ending = simulation.toEnd();
    expect(simulation.running.size).toBe(0);
    if (ending !== "finished") return;
    expect(reachable(simulation).tasks.filter(({ key }) => !isSettled(simulation.nodes.get(key)!.state))).toEqual([]);
  });
});

test("the runs that these properties are checked on end in every way that there is", () => {
  const endings = fc.sample(randomRuns, { numRuns: 400, seed: 1 }).map((run) => new Simulation(run).toEnd());
  const ways: Ending[] = ["finished", "failed", "exhausted", "circular"];
  for (const way of ways) expect(endings).toContain(way);
});

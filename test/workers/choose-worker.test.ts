import { expect, test } from "bun:test";
import { aloneKey, type Candidate, chooseWorker } from "../../src/workers/choose-worker.ts";

interface NamedWorker extends Candidate {
  readonly name: string;
}

const maxWorkers = 2;

function worker(name: string, keys: readonly string[], state: Partial<Omit<Candidate, "keys">> = {}): NamedWorker {
  return {
    name,
    keys: new Set(keys),
    runs: 1,
    isBusy: false,
    isIdle: false,
    isLeaving: false,
    hasEnded: false,
    ...state,
  };
}

const a = worker("a", ["a.tsx"]);
const b = worker("b", ["b.tsx"]);
const spare = worker("spare", [], { runs: 0, isIdle: true });
const busy = { isBusy: true } as const;

const cases: readonly [rule: string, workers: readonly NamedWorker[], chosen: string | undefined][] = [
  ["a file's own worker", [b, worker("c", ["c.tsx"])], "c"],
  ["the spare one, for a file that has none", [a, spare], "spare"],
  ["a new one, while there may be more", [a], undefined],
  ["one that has nothing to do, when there may be no more", [a, worker("idle", ["b.tsx"], { isIdle: true })], "idle"],
  ["the one with the fewest runs, when all have some", [worker("many", ["a.tsx"], { runs: 3 }), b], "b"],
  ["another than one that gets no more work", [worker("leaving", ["c.tsx"], { isLeaving: true }), a, b], "a"],
  ["another than one that has ended", [worker("ended", ["c.tsx"], { hasEnded: true }), a, b], "a"],
  [
    "a new one, when the file's own does not answer and no other can be shared",
    [worker("c", ["c.tsx"], busy)],
    undefined,
  ],
  ["another than one that is alone with a run", [worker("alone", [aloneKey("a.tsx", "run-1")], { runs: 0 }), b], "b"],
  [
    "one that does not answer, when there are twice as many as there may be",
    [worker("first", ["a.tsx"], busy), ...["b", "c", "d"].map((name) => worker(name, ["b.tsx"], busy))],
    "first",
  ],
];

test.each(cases)("a file is served by %s", (_rule, workers, chosen) => {
  expect(chooseWorker(workers, { key: "c.tsx", isAlone: false }, maxWorkers)?.name).toBe(chosen);
});

test("what must be alone gets a new worker, even when there are as many as there may be", () => {
  const wanted = { key: aloneKey("a.tsx", "run-1"), isAlone: true };
  expect(chooseWorker([a, b], wanted, maxWorkers)).toBeUndefined();
});

test("a file whose path has a number sign shares its worker", () => {
  const workers = [worker("numbered", ["a#1.tsx"], { runs: 0 }), b];
  expect(chooseWorker(workers, { key: "c.tsx", isAlone: false }, maxWorkers)?.name).toBe("numbered");
});

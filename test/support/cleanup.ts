import { afterAll, beforeAll } from "bun:test";

const pending: (() => unknown)[] = [];

/** Calls `undo` when the test that runs now is over; the last one asked for comes first. */
export function afterThisTest(undo: () => unknown): void {
  pending.push(undo);
}

export async function cleanUp(): Promise<void> {
  for (let undo = pending.pop(); undo; undo = pending.pop()) await undo();
}

/**
 * Makes something once for all tests of the file, or of the `describe`, that calls this, and returns what gives it to a
 * test. What `make` asks to have undone after a test is undone after the last one.
 */
export function forAllTests<T>(make: () => Promise<T> | T): () => T {
  let made: { readonly value: T } | undefined;
  const undone: (() => unknown)[] = [];
  beforeAll(async () => {
    made = { value: await make() };
    undone.push(...pending.splice(0));
  });
  afterAll(async () => {
    for (let undo = undone.pop(); undo; undo = undone.pop()) await undo();
  });
  return () => {
    if (made === undefined) throw new Error("It is made when the first test begins.");
    return made.value;
  };
}

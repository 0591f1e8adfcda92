const pending: (() => unknown)[] = [];

/** Calls `undo` when the test that runs now is over; the last one asked for comes first. */
export function afterThisTest(undo: () => unknown): void {
  pending.push(undo);
}

export async function cleanUp(): Promise<void> {
  for (let undo = pending.pop(); undo; undo = pending.pop()) await undo();
}

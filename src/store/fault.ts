/** Points at which a test may kill the process, to check that nothing is lost. */
export type FaultPoint = "before-commit" | "after-commit" | "before-launch" | "mirror" | "migration" | "copied-batch";

const hook = Symbol.for("smithers.fault");

/** Does nothing unless the process has put a function under `Symbol.for("smithers.fault")` in globalThis. */
export function faultPoint(point: FaultPoint): void {
  (globalThis as { [hook]?: (point: FaultPoint) => void })[hook]?.(point);
}

import type { WorkflowSource } from "../source.ts";

/** New code for a run that is under way. */
export class Edit {
  readonly source: WorkflowSource;
  /** Call when the run uses the new code. */
  readonly accept: () => void;
  /** Call with what the new code throws when it is rendered. */
  readonly refuse: (thrown: unknown) => void;
  readonly #settled: Promise<true>;

  constructor(source: WorkflowSource) {
    const { promise, resolve, reject } = Promise.withResolvers<true>();
    this.source = source;
    this.accept = () => resolve(true);
    this.refuse = reject;
    this.#settled = promise;
    promise.catch(() => {});
  }

  /**
   * @param end of the execution that tries the code; undefined when it has ended
   * @returns true once the run uses the new code, false when the execution ended before it tried the code
   * @throws what the new code throws when it is rendered; the run then keeps the old code
   */
  settledBefore(end: Promise<unknown> | undefined): Promise<boolean> {
    return Promise.race([this.#settled, end?.then(() => false) ?? false]);
  }
}

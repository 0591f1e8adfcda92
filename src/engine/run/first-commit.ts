import { SmithersError } from "../../errors/index.ts";
import type { CommittedEvent, Run } from "../../model/index.ts";
import type { Idempotency, Started, Store, TurnRecord } from "../../store/index.ts";

/**
 * The first writes of a run: its row, and its first turn. The turn shares the row's transaction when it is ready by
 * then; one that takes longer, as when a value is validated asynchronously, keeps no start waiting.
 */
export class FirstCommit {
  /** Resolves when the run's row is durable. */
  readonly started: Promise<Started>;
  readonly #store: Store;

  /**
   * @param begun called as soon as the run is recorded by this request, before anybody hears of its first turn
   */
  constructor(store: Store, run: Run, idempotency: Idempotency | undefined, begun: (started: Started) => void) {
    this.#store = store;
    const first = { type: "RunStarted", workflowName: run.workflowName } as const;
    this.started = store.startOnce(run, [first], idempotency).then((started) => {
      if (started.events.length > 0) begun(started);
      return started;
    });
  }

  /**
   * Writes the first turn.
   * @throws LEASE_LOST when the run was not started, as when there is one by its id, and as {@link Store.commitTurn}
   */
  async commitTurn(turn: TurnRecord): Promise<CommittedEvent[] | "cancel-pending"> {
    // The turn does not wait for the start: if that is refused, no run has the turn's lease.
    const [started, written] = await Promise.allSettled([this.started, this.#store.commitTurn(turn)]);
    if (started.status === "rejected" || started.value.events.length === 0) {
      throw new SmithersError("LEASE_LOST", "The run was not started.");
    }
    if (written.status === "rejected") throw written.reason;
    return written.value;
  }
}

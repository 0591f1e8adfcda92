import { SmithersError } from "../../errors/index.ts";
import type { CommittedEvent, Run } from "../../model/index.ts";
import type { Idempotency, Started, Store, TurnRecord } from "../../store/index.ts";
import { startEvent } from "./create.ts";

/**
 * The first writes of a run: its row and its first turn. The turn shares the transaction of the row when it is ready in
 * time. A turn that takes longer, for example because a value is validated asynchronously, does not delay the start.
 */
export class FirstCommit {
  /** Resolves when the run's row is durable. */
  readonly started: Promise<Started>;
  readonly #store: Store;

  /** @param begun called as soon as this request has recorded the run, and before its first turn is published */
  constructor(store: Store, run: Run, idempotency: Idempotency | undefined, begun: (started: Started) => void) {
    this.#store = store;
    this.started = store.startOnce(run, [startEvent(run)], idempotency).then((started) => {
      if (started.events.length > 0) begun(started);
      return started;
    });
  }

  /**
   * Writes the first turn.
   * @throws LEASE_LOST when the run was not started, for example because its id is taken; and as {@link Store.commitTurn}
   */
  async commitTurn(turn: TurnRecord): Promise<CommittedEvent[] | "cancel-pending"> {
    // The turn does not wait for the start. If the start is refused, no run has the lease of the turn.
    const [started, written] = await Promise.allSettled([this.started, this.#store.commitTurn(turn)]);
    if (started.status === "rejected" || started.value.events.length === 0) {
      throw new SmithersError("LEASE_LOST", "The run was not started.");
    }
    if (written.status === "rejected") throw written.reason;
    return written.value;
  }
}

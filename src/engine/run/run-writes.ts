import type { Lease, NewToolCall, Store } from "../../store/index.ts";
import type { Logger } from "../logger.ts";
import { commitTurn, type TurnMeasures, type TurnSink } from "../turn/commit.ts";
import type { TurnDraft } from "../turn/draft.ts";
import { retryCommit } from "./retry-commit.ts";

export interface RunWritesSettings {
  readonly sink: TurnSink;
  readonly lease: Lease;
  readonly log: Logger;
  /** Whether a write that the database refuses is given up. */
  givesUp(): boolean;
}

/** The writes of one run. While the disk is full or locked, nothing is lost: a write is tried until it is accepted. */
export class RunWrites {
  readonly #settings: RunWritesSettings;

  constructor(settings: RunWritesSettings) {
    this.#settings = settings;
  }

  /**
   * Commits a turn.
   * @param writer writes it instead of the sink's store
   * @throws LEASE_LOST, CancelPending, or a `DB_*` code when the write is given up
   */
  async commit(draft: TurnDraft, measures: TurnMeasures, writer: Pick<Store, "commitTurn">): Promise<void> {
    if (draft.isEmpty) return;
    const { sink, lease } = this.#settings;
    await this.#retry(() => commitTurn(sink, lease, draft, measures, writer));
  }

  /** Records a tool call. The tool's code may start only once this resolves and the record is durable. */
  beginToolCall(call: NewToolCall): Promise<void> {
    const { sink, lease, log } = this.#settings;
    return this.#retry(async () => {
      const { replayed, events } = await sink.store.beginToolCall(lease, call, Date.now());
      sink.feed.publish(events);
      if (!replayed) return;
      const { nodeId, toolName, attempt, idempotencyKey } = call;
      log.warn(
        { runId: lease.runId, nodeId, attempt, idempotencyKey },
        `The tool ${toolName} is called again. An earlier attempt has started the same call.`,
      );
    });
  }

  #retry(write: () => Promise<void>): Promise<void> {
    const { lease, log, givesUp } = this.#settings;
    return retryCommit(write, givesUp, (error) =>
      log.warn({ runId: lease.runId, err: error }, "The run waits for its database to accept writes."),
    );
  }
}

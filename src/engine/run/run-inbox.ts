import type { Inbox, Store } from "../../store/index.ts";
import type { TurnDraft } from "../turn/draft.ts";

/** What has arrived for a run from outside: decisions, signals, a cancel request. */
export class RunInbox {
  readonly #store: Pick<Store, "readInbox" | "childrenOf">;
  /** What the run was read with, until something else may have arrived. */
  #loaded: Inbox | undefined;
  #isNew: boolean;

  /**
   * @param loaded what had arrived when the run was read
   * @param isNew whether something may have arrived
   */
  constructor(store: Pick<Store, "readInbox" | "childrenOf">, loaded: Inbox | undefined, isNew: boolean) {
    this.#store = store;
    this.#loaded = loaded;
    this.#isNew = isNew;
  }

  /** Something may have arrived. */
  notify(): void {
    this.#isNew = true;
    this.#loaded = undefined;
  }

  /** Takes what is new into a turn; returns whether the run must be cancelled. */
  async takeInto(draft: TurnDraft): Promise<boolean> {
    if (!this.#isNew) return false;
    this.#isNew = false;
    const { runState } = draft;
    const { runId } = runState;
    const inbox = this.#loaded ?? (await this.#store.readInbox(runId));
    this.#loaded = undefined;
    if (inbox.inboxNo !== runState.run.takenNo) draft.changeRun({ takenNo: inbox.inboxNo });
    runState.receive(inbox.decisions, inbox.signals);
    if (runState.hasSubflows) runState.receiveChildren(await this.#store.childrenOf(runId));
    return inbox.cancelRequestedAtMs !== null;
  }
}

import { hasEnded } from "../../model/index.ts";
import { nodeKey } from "../../plan/index.ts";
import type { Store, TurnRecord } from "../../store/index.ts";
import type { Logger } from "../logger.ts";

export interface RelativesSettings {
  readonly store: Pick<Store, "childrenOf">;
  readonly log: Logger;
  /** Executes a run that one of this engine's runs has started. */
  adopt(runId: string): void;
  /** Wakes a run, wherever it is executed. */
  wake(runId: string): void;
  /** Gives a run of this engine a turn. */
  notify(runId: string): void;
  isClosing(): boolean;
}

/** Continues the runs around a run: its successor, the runs of its subflows, and the run whose subflow it is. */
export class Relatives {
  readonly #settings: RelativesSettings;

  constructor(settings: RelativesSettings) {
    this.#settings = settings;
  }

  /** Continues the runs for which a committed turn means something. */
  committed({ lease: { runId }, successor, children, unwantedChildren, toldRun }: TurnRecord): void {
    const { adopt, wake, notify } = this.#settings;
    if (successor) adopt(successor.run.runId);
    if (toldRun !== undefined) wake(toldRun);
    const started = children?.map(({ run: { parentNodeId, parentIteration } }) =>
      nodeKey(parentNodeId!, parentIteration!),
    );
    const unwanted = unwantedChildren?.map(({ nodeId, iteration }) => nodeKey(nodeId, iteration));
    if (started || unwanted) void this.adoptChildren(runId, new Set([...(started ?? []), ...(unwanted ?? [])]));
    // Also to learn which run it is, for a subflow may have one already.
    if (started) notify(runId);
  }

  /**
   * Executes the runs of a run's Subflows that have not ended. Never rejects.
   * @param keys of the Subflows' nodes; default: all
   */
  async adoptChildren(runId: string, keys?: ReadonlySet<string>): Promise<void> {
    const { store, log, adopt, isClosing } = this.#settings;
    try {
      for (const child of await store.childrenOf(runId)) {
        if (hasEnded(child.status) || keys?.has(nodeKey(child.nodeId, child.iteration)) === false) continue;
        adopt(child.runId);
      }
    } catch (error) {
      // They have no owner, or something for them to take in: they are found later.
      if (!isClosing()) log.warn({ runId, err: error }, "The runs of subflows could not be read.");
    }
  }
}

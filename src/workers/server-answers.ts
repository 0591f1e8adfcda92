import type { Logger } from "../engine/index.ts";
import { SmithersError } from "../errors/index.ts";
import { ownCommands } from "../tools/guard/index.ts";
import type { ServerCalls } from "./protocol.ts";
import type { RemoteHolder } from "./remote-holder.ts";
import type { StoreIdentity } from "./remote-store.ts";
import { reviveError } from "./wire-error.ts";
import type { WorkerProcess } from "./worker-process.ts";

/** What the server answers its workers with. */
export interface AnswerParts {
  readonly log: Logger;
  /** The holder of a store's runs; undefined when the server has closed the store. */
  holderOf(storeId: string): RemoteHolder | undefined;
  openDatabase(dbPath: string): Promise<StoreIdentity>;
  answered(worker: WorkerProcess): void;
}

/** The server's side of the channel to one worker. */
export function serverAnswers(
  worker: WorkerProcess,
  { log, holderOf, openDatabase, answered }: AnswerParts,
): ServerCalls {
  let lastCommand = 0;
  const hostOf = (storeId: string) => {
    const holder = holderOf(storeId);
    if (!holder) throw new SmithersError("DB_UNAVAILABLE", "The server has closed the database.");
    return holder.hostFor(worker);
  };
  return {
    store: (storeId, part, name, args) => hostOf(storeId).call(part, name, args),
    commitLargeTurn: (storeId, turn, texts) => hostOf(storeId).commitLargeTurn(turn, texts),
    beginCommand: async (noted) => {
      const number = ++lastCommand;
      worker.commands.set(number, await ownCommands.begin(new Map(noted)));
      return number;
    },
    endCommand: async (number) => {
      const undone = await worker.commands.get(number)?.();
      worker.commands.delete(number);
      return undone ?? [];
    },
    undoRunning: () => ownCommands.undoRunning(),
    hasPlanted: (paths) => ownCommands.hasPlanted(paths),
    openDatabase,
    takeRoom: (bytes) => worker.transit.take(bytes),
    giveRoom: (number) => worker.transit.give(number),
    askPlaces: async (storeId, runId, leaseNo, running, wanted) =>
      holderOf(storeId)?.askPlaces(worker, runId, leaseNo, running, wanted) ?? 0,
    releasePlaces: (storeId, runId, leaseNo) => holderOf(storeId)?.releasePlaces(worker, runId, leaseNo),
    gaveUp: (storeId, runId) => holderOf(storeId)?.gaveUp(worker, runId),
    log: (level, facts, message) => log[level](revived(facts), message),
    pong: () => answered(worker),
  };
}

/** The facts of a log line as a worker has sent them. */
function revived(facts: object): object {
  return "err" in facts ? { ...facts, err: reviveError(facts.err) } : facts;
}

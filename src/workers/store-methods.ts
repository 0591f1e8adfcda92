import type { Store } from "../store/index.ts";

type MethodOf<T> = {
  [Name in keyof T]-?: T[Name] extends (...args: never[]) => Promise<unknown> ? Name : never;
}[keyof T];

/** The asynchronous methods of a store. Both ends of a channel follow from this table. */
const own = {
  startOnce: true,
  findStarted: true,
  registerSchemas: true,
  takeLease: true,
  reopen: true,
  noteWakeFailure: true,
  beat: true,
  holdsLease: true,
  loadRun: true,
  readInbox: true,
  commitTurn: true,
  beginToolCall: true,
  childrenOf: true,
  readResult: true,
  findCached: true,
  requestCancel: true,
  decide: true,
  receiveSignal: true,
  retryNode: true,
  claimedRuns: true,
  runsWithNews: true,
  dueRuns: true,
  msToNextDue: true,
  findRun: true,
  runIdsLike: true,
  runIdsSharing: true,
  listRuns: true,
  readRuns: true,
  readRunDetail: true,
  readOutcome: true,
  readOverview: true,
  readNodes: true,
  readNode: true,
  readOutput: true,
  nodesOf: true,
  waitingNodes: true,
  readFrames: true,
  eventsAfter: true,
  eventsOfNode: true,
  agentReports: true,
  promptsOf: true,
  lastEvent: true,
  pendingApprovals: true,
  readBacklog: true,
  check: true,
  probe: true,
  describe: true,
} as const satisfies Record<Exclude<MethodOf<Store>, "close">, true>;

const maintenance = {
  pruneBatch: true,
  countPrunable: true,
  pruneCache: true,
  seenClocks: true,
  noteClocks: true,
  giveBackSpace: true,
  backup: true,
  databaseId: true,
  rememberDatabase: true,
  knownDatabases: true,
} as const satisfies Record<MethodOf<Store["maintenance"]>, true>;

const mirroredRuns = {
  mirroredSeq: true,
  readMirrorPage: true,
  applyMirrorPage: true,
  toCompare: true,
} as const satisfies Record<MethodOf<Store["mirroredRuns"]>, true>;

/** The parts of a store, each with the names of its methods. */
export const storeMethods = { own, maintenance, mirroredRuns } as const;

export type StorePart = keyof typeof storeMethods;
export type OwnMethod = keyof typeof own;

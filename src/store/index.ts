export { unencodedEvents } from "./committed-events.ts";
export { type FaultPoint, faultPoint } from "./fault.ts";
export type { KnownDatabase, Maintenance, SeenClocks } from "./maintenance.ts";
export type { MirroredRuns } from "./mirrored-runs.ts";
export type { StoreObserver } from "./observer.ts";
export { checkSource, type DrizzleDatabase, openStore, type StoreOptions } from "./open.ts";
export { isProvablyAlive, isProvablyDead, newOwner } from "./owner.ts";
export type {
  Decision,
  Idempotency,
  NewSignal,
  NewToolCall,
  NodeToRetry,
  SchemaRecord,
  Started,
} from "./requests.ts";
export { isRecorded, mayBeRecorded, mustBeTrusted, untrusted } from "./rules/ownership.ts";
export type {
  ApprovalPosition,
  Backlog,
  ChildRun,
  ClaimedRun,
  Inbox,
  ListedOutput,
  NodePage,
  NodePosition,
  RunDetailSnapshot,
  RunOutcome,
  RunSnapshot,
  RunToWake,
  StoredRun,
  TakenRun,
} from "./snapshots.ts";
export { largeOutputBytes, maxLoadedBytes } from "./snapshots.ts";
export type { LocalStore, Store } from "./store.ts";
export { differenceFrom, treeFrom, treeSize } from "./stored-trees.ts";
export type {
  AttemptEnd,
  ChildPlace,
  ChildStart,
  FrameRecord,
  Lease,
  RunChange,
  Successor,
  ToolCallEnd,
  Tree,
  TreeTexts,
  TurnRecord,
} from "./turn.ts";

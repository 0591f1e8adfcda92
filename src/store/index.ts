export type { Driver } from "../runtime/sqlite-driver.ts";
export { type FaultPoint, faultPoint } from "./fault.ts";
export type { StoreObserver } from "./observer.ts";
export { type DrizzleDatabase, openDatabase, openStore, openStoreBeside, type StoreOptions } from "./open.ts";
export { isProvablyDead, newOwner } from "./owner.ts";
export {
  type AttemptEnd,
  CancelPending,
  type FrameRecord,
  type RunChange,
  type TurnRecord,
} from "./sqlite/apply-turn.ts";
export type { Decision } from "./sqlite/commands/decide.ts";
export type { NodeToRetry } from "./sqlite/commands/retry.ts";
export type { NewSignal, ReceivedSignal } from "./sqlite/commands/signal.ts";
export type { Idempotency, Started } from "./sqlite/commands/start.ts";
export type { BegunToolCall, NewToolCall, ToolCallEnd } from "./sqlite/commands/tool-call.ts";
export type { Backlog } from "./sqlite/queries/backlog.ts";
export type { ApprovalPosition, Inbox } from "./sqlite/queries/inbox.ts";
export type { Lease } from "./sqlite/queries/lease.ts";
export { appendToInbox, type ClaimedRun, listRunsSql, type RunPage } from "./sqlite/queries/runs.ts";
export type { SchemaRecord } from "./sqlite/queries/views.ts";
export { Store } from "./sqlite/store.ts";
export type { Tree } from "./sqlite/trees.ts";

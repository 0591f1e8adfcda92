export type { Driver } from "./driver.ts";
export { type DrizzleDatabase, openStore, type StoreOptions } from "./open.ts";
export type { Inbox } from "./queries/inbox.ts";
export type { Lease } from "./queries/lease.ts";
export { appendToInbox, listRunsSql, type RunPage } from "./queries/runs.ts";
export type { SchemaRecord } from "./queries/views.ts";
export { Store } from "./store.ts";
export type { AttemptEnd, FrameRecord, RunChange, TurnRecord } from "./turn.ts";

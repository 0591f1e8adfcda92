export type {
  ApprovalItem,
  NodeDetail,
  NodeItem,
  RunDetail,
  RunListItem,
  SignalAnswer,
  WorkflowItem,
} from "../api/index.ts";
export { type ErrorCode, isSmithersError, SmithersError } from "../errors/index.ts";
export type { Frame } from "../model/index.ts";
export type { Change } from "./changes.ts";
export {
  type ApprovalsClient,
  createClient,
  type SignalsClient,
  type SmithersClient,
  type WorkflowsClient,
} from "./client.ts";
export type { ClientOptions } from "./http.ts";
export type { Page, Pages } from "./pages.ts";
export type { EventsOptions, RunEvent } from "./run-events.ts";
export type { RunDetailOf, RunsClient, StartOptions } from "./runs.ts";
export type { WorkflowInput, WorkflowOutput } from "./workflow-types.ts";

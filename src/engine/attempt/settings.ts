import type { TimerScope } from "../../containment/index.ts";
import type { FileRules } from "../../jsx/index.ts";
import type { NewEvent, StoredEvent } from "../../model/index.ts";
import type { Logger } from "../logger.ts";
import type { EngineObserver } from "../observer.ts";
import type { ToolCallLog } from "./tool-calls.ts";

/** What an attempt takes from its run. */
export interface AttemptSettings {
  /** The files of the workflow's code. */
  readonly files: ReadonlySet<string>;
  /** Timers that the run's code has started. */
  readonly timers: TimerScope;
  readonly log: Logger;
  readonly rootDir: string;
  readonly allowNetwork: boolean;
  readonly fileRules: FileRules;
  readonly toolCalls: ToolCallLog;
  readonly observer: EngineObserver | undefined;
  /** What the run's agents have reported, oldest first. */
  agentReports(): Promise<readonly StoredEvent[]>;
  /** Receives the events of the running attempt: heartbeats (at most one per second), output, and reports of agents. */
  emit(event: NewEvent): void;
}

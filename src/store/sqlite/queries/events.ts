import type { CommittedEvent, NewEvent, StoredEvent } from "../../../model/index.ts";
import type { Driver } from "../../../runtime/index.ts";
import { committedEvents } from "../../committed-events.ts";

/** Events after `afterSeq`, oldest first, at most `limit`. */
export function eventsAfter(driver: Driver, runId: string, afterSeq: number, limit: number): StoredEvent[] {
  return driver.all<StoredEvent>(
    "SELECT run_id AS runId, seq, type, json FROM _smithers_events WHERE run_id = ? AND seq > ? ORDER BY seq LIMIT ?",
    runId,
    afterSeq,
    limit,
  );
}

/** The events of a run that name a node in one iteration, oldest first. */
export function eventsOfNode(driver: Driver, runId: string, nodeId: string, iteration: number): StoredEvent[] {
  return driver.all<StoredEvent>(
    `SELECT run_id AS runId, seq, type, json FROM _smithers_events
     WHERE run_id = ? AND json ->> '$.nodeId' = ? AND json ->> '$.iteration' = ? ORDER BY seq`,
    runId,
    nodeId,
    iteration,
  );
}

/** What a run's agents have reported, oldest first: failures, sessions and tokens. */
export function agentReports(driver: Driver, runId: string): StoredEvent[] {
  // An index holds these types alone. It must be named: SQLite would rather read all events of the run in their order.
  return driver.all<StoredEvent>(
    `SELECT run_id AS runId, seq, type, json FROM _smithers_events INDEXED BY _smithers_events_of_agents
     WHERE run_id = ? AND (type = 'AgentFailed' OR type = 'AgentSessionStarted' OR type = 'TokenUsageReported')
     ORDER BY seq`,
    runId,
  );
}

/** The last prompts of a node's agents in one iteration, oldest first. */
export function promptsOf(driver: Driver, runId: string, nodeId: string, iteration: number, limit: number) {
  return driver
    .all<StoredEvent>(
      `SELECT run_id AS runId, seq, type, json FROM _smithers_events INDEXED BY _smithers_events_of_prompts
       WHERE run_id = ? AND type = 'AgentPrompted' AND json ->> '$.nodeId' = ? AND json ->> '$.iteration' = ?
       ORDER BY seq DESC LIMIT ?`,
      runId,
      nodeId,
      iteration,
      limit,
    )
    .reverse();
}

export function lastEvent(driver: Driver, runId: string): StoredEvent | undefined {
  return driver.get<StoredEvent>(
    "SELECT run_id AS runId, seq, type, json FROM _smithers_events WHERE run_id = ? ORDER BY seq DESC LIMIT 1",
    runId,
  );
}

/** Appends events with numbers up to `lastSeq`, and encodes each of them once. */
export function appendEvents(
  driver: Driver,
  runId: string,
  events: readonly NewEvent[],
  lastSeq: number,
  nowMs: number,
): CommittedEvent[] {
  const committed = committedEvents(runId, events, lastSeq, nowMs);
  for (const event of committed) insertEvent(driver, event);
  return committed;
}

const insertNew = "INSERT INTO _smithers_events (run_id, seq, type, json) VALUES (?, ?, ?, ?)";
const insertAgain = "INSERT OR IGNORE INTO _smithers_events (run_id, seq, type, json) VALUES (?, ?, ?, ?)";

/** `again`: an existing event stays as it is. */
export function insertEvent(driver: Driver, { runId, seq, type, json }: StoredEvent, again = false): void {
  driver.run(again ? insertAgain : insertNew, runId, seq, type, json);
}

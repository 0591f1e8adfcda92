import type { StoredEvent } from "../../../model/index.ts";
import type { Database } from "../database.ts";
import { rowsAsJson } from "./select.ts";

/** Events after `afterSeq`, oldest first, at most `limit`. */
export async function selectEvents(
  database: Database,
  runId: string,
  afterSeq: number,
  limit: number,
): Promise<StoredEvent[]> {
  const select = `SELECT run_id AS "runId", seq, type, json FROM _smithers_events
    WHERE run_id = $1::text AND seq > $2::text::bigint ORDER BY seq LIMIT $3::text::bigint`;
  return database.one<StoredEvent[]>(`SELECT ${rowsAsJson(select)}::text`, runId, afterSeq, limit);
}

/** What a run's agents have reported, oldest first. */
export async function selectAgentReports(database: Database, runId: string): Promise<StoredEvent[]> {
  // An index holds these types alone; it is used when they stand in the query as they stand in the index.
  const select = `SELECT run_id AS "runId", seq, type, json FROM _smithers_events WHERE run_id = $1::text
    AND type IN ('AgentFailed', 'AgentSessionStarted', 'TokenUsageReported') ORDER BY seq`;
  return database.one<StoredEvent[]>(`SELECT ${rowsAsJson(select)}::text`, runId);
}

/** The last prompts of a node's agents in one iteration, oldest first. */
export async function selectPrompts(
  database: Database,
  runId: string,
  nodeId: string,
  iteration: number,
  limit: number,
): Promise<StoredEvent[]> {
  // Quotes in a prompt are escaped, so the fields' texts stand nowhere else.
  const select = `SELECT run_id AS "runId", seq, type, json FROM _smithers_events
    WHERE run_id = $1::text AND type = 'AgentPrompted' AND strpos(json, $2::text) > 0 AND strpos(json, $3::text) > 0
    ORDER BY seq DESC LIMIT $4::text::bigint`;
  const found = await database.one<StoredEvent[]>(
    `SELECT ${rowsAsJson(select)}::text`,
    runId,
    `"nodeId":${JSON.stringify(nodeId)}`,
    `"iteration":${iteration},`,
    limit,
  );
  return found.reverse();
}

export async function selectLastEvent(database: Database, runId: string): Promise<StoredEvent | undefined> {
  const select = `SELECT run_id AS "runId", seq, type, json FROM _smithers_events
    WHERE run_id = $1::text ORDER BY seq DESC LIMIT 1`;
  return (await database.one<StoredEvent[]>(`SELECT ${rowsAsJson(select)}::text`, runId))[0];
}

/** The events of a run that name a node in one iteration, oldest first. */
export async function selectEventsOfNode(
  database: Database,
  runId: string,
  nodeId: string,
  iteration: number,
): Promise<StoredEvent[]> {
  const select = `SELECT run_id AS "runId", seq, type, json FROM _smithers_events
    WHERE run_id = $1::text AND strpos(json, $2::text) > 0 ORDER BY seq`;
  // The text narrows the events down; each that is found is looked at.
  const text = `"nodeId":${JSON.stringify(nodeId)}`;
  const found = await database.one<StoredEvent[]>(`SELECT ${rowsAsJson(select)}::text`, runId, text);
  return found.filter(({ json }) => {
    const event = JSON.parse(json);
    return event.nodeId === nodeId && event.iteration === iteration;
  });
}

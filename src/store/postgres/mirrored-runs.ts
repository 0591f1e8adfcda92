import { isTerminalEvent } from "../../model/index.ts";
import type { MirroredRuns } from "../mirrored-runs.ts";
import type { MirrorPage, RunPosition } from "../snapshots.ts";
import { tables } from "../tables.ts";
import type { Database } from "./database.ts";
import { mirrorWrite } from "./operations/mirror.ts";
import { selectEvents } from "./queries/events.ts";
import { selectRun } from "./queries/runs.ts";
import { decodeAll, type JsonRow, ofRun, rowsAsJson, runJson } from "./queries/select.ts";
import type { PostgresWriter } from "./writer.ts";

/** Maximum number of events that are copied in one transaction. */
const pageSize = 500;

export class PostgresMirroredRuns implements MirroredRuns {
  readonly #database: Database;
  readonly #writer: PostgresWriter;

  constructor(database: Database, writer: PostgresWriter) {
    this.#database = database;
    this.#writer = writer;
  }

  async mirroredSeq(home: string, runId: string): Promise<number | undefined> {
    const run = await selectRun(this.#database, runId);
    if (!run) return 0;
    return run.home === home ? run.lastSeq : undefined;
  }

  async readMirrorPage(runId: string, afterSeq: number): Promise<MirrorPage | undefined> {
    // The events come first: what is read after them is at least as new.
    const events = await selectEvents(this.#database, runId, afterSeq, pageSize);
    const last = events.at(-1);
    if (!last) return undefined;
    const found = await this.#database.read<{ run: JsonRow | null; nodes: JsonRow[]; approvals: JsonRow[] }>(
      `SELECT json_build_object('run', ${runJson}, 'nodes', ${ofRun(tables.nodes)}, 'approvals', ${ofRun(tables.approvals)})::text`,
      runId,
    );
    if (!found?.run) return undefined;
    const named = new Set(
      events.map(({ json }) => {
        const { nodeId, iteration } = JSON.parse(json);
        return `${iteration}:${nodeId}`;
      }),
    );
    const all = decodeAll(tables.nodes, found.nodes);
    return {
      run: { ...tables.runs.decode(found.run), lastSeq: last.seq },
      // Only nodes that the events name have changed.
      nodes: isTerminalEvent(last.type) ? all : all.filter((node) => named.has(`${node.iteration}:${node.nodeId}`)),
      approvals: decodeAll(tables.approvals, found.approvals),
      events,
    };
  }

  applyMirrorPage(home: string, page: MirrorPage): Promise<void> {
    return this.#writer.write(mirrorWrite(home, page));
  }

  async toCompare(sinceMs = 0): Promise<RunPosition[]> {
    const columns = `SELECT run_id AS "runId", last_seq AS "lastSeq" FROM _smithers_runs`;
    const select = `${columns} WHERE finished_at_ms IS NULL AND home IS NULL
      UNION ALL ${columns} WHERE finished_at_ms >= $1::text::bigint AND home IS NULL`;
    return this.#database.one<RunPosition[]>(`SELECT ${rowsAsJson(select)}::text`, sinceMs);
  }
}

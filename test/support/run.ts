import {
  type NodeState,
  type RunResult,
  type RunWorkflowOptions,
  runWorkflow,
  type SmithersEvent,
  type WorkflowDefinition,
} from "smithers-orchestrator";
import type { Node, Run } from "../../src/model/index.ts";
import { openStore, type Store } from "../../src/store/index.ts";
import { databaseOf } from "./database.ts";
import { folder, inMemory } from "./folder.ts";
import { createDatabase } from "./new-database.ts";

/** A run that has ended or waits, and what its database says of it. Nodes go by their id, `id#1` in iteration 1. */
export interface Ran extends RunResult {
  readonly db: string;
  readonly events: readonly SmithersEvent[];
  readonly stored: Run;
  readonly nodes: Readonly<Record<string, Node>>;
  readonly states: Readonly<Record<string, NodeState>>;
  readonly outputs: Readonly<Record<string, unknown>>;
  of<T extends SmithersEvent["type"]>(type: T): Extract<SmithersEvent, { type: T }>[];
}

/** A database of its own: the path of a file, unless the tests run on Postgres. */
export function database(): string {
  return databaseOf(folder({}, inMemory));
}

/** As {@link database}, with its tables. */
export function newDatabase(): string {
  const path = database();
  createDatabase(path);
  return path;
}

/** Runs a workflow against a SQLite file, its own unless `db` names one. */
export async function run(
  workflow: WorkflowDefinition,
  options: RunWorkflowOptions & { db?: string } = {},
): Promise<Ran> {
  const db = options.db ?? newDatabase();
  const events: SmithersEvent[] = [];
  const result = await runWorkflow(workflow, {
    ...options,
    db,
    onProgress(event) {
      events.push(event);
      options.onProgress?.(event);
    },
  });
  const { runId } = result;
  const found = await inStore(db, (store) => store.readNodes(runId, { limit: 100_000, maxOutputBytes: 1_000_000 }));
  const { run: stored, nodes, outputs } = found!;
  return {
    ...result,
    db,
    events,
    stored,
    nodes: byName(nodes, (node) => node),
    states: byName(nodes, ({ state }) => state),
    outputs: byName(outputs, ({ json }) => JSON.parse(json)),
    of: (type) => events.filter((event) => event.type === type) as never,
  };
}

/** What another process may do to the database while nobody, or somebody, executes its runs. */
export async function inStore<T>(db: string, act: (store: Store) => Promise<T>): Promise<T> {
  const store = await openStore(db);
  try {
    return await act(store);
  } finally {
    await store.close();
  }
}

function byName<R extends { nodeId: string; iteration: number }, V>(rows: readonly R[], value: (row: R) => V) {
  return Object.fromEntries(
    rows.map((row) => [row.iteration === 0 ? row.nodeId : `${row.nodeId}#${row.iteration}`, value(row)]),
  );
}

/** A table as it is copied: the same in every database. */
export interface CopiedTable {
  /** Without the common prefix. */
  readonly name: string;
  /** The columns of its primary key, in whose order it is copied. */
  readonly key: readonly string[];
}

const ofRun = (name: string, ...key: string[]): CopiedTable => ({ name, key: ["run_id", ...key] });

/** What is copied, in this order. Runs come last: what has been copied of an unfinished copy belongs to no run. */
export const copiedTables: readonly CopiedTable[] = [
  { name: "trees", key: ["tree_no"] },
  ofRun("frames", "frame_no"),
  ofRun("events", "seq"),
  ofRun("nodes", "node_id", "iteration"),
  ofRun("attempts", "node_id", "iteration", "attempt"),
  ofRun("tool_calls", "node_id", "iteration", "attempt", "call_no"),
  ofRun("outputs", "node_id", "iteration"),
  ofRun("approvals", "node_id", "iteration"),
  ofRun("signals", "seq"),
  ofRun("timers", "node_id", "iteration"),
  { name: "cache", key: ["cache_key"] },
  { name: "idempotency", key: ["key"] },
  { name: "databases", key: ["path"] },
  ofRun("runs"),
];

/** What is not copied, and why. Each table of a database is here or among those that are copied. */
export const uncopiedTables: Readonly<Record<string, string>> = {
  schemas: "they are registered instead, which makes the views of outputs",
  tree_uses: "counted again from the frames and trees",
  migrations: "each database has its own",
  identity: "the copy is another database",
  pulse: "what clocks have shown belongs to the machine",
  owners: "who executes runs belongs to the place",
  writers: "which batch a server has sent last belongs to the place",
};

/** Columns that belong to the place: the owner of a run does not execute it in the copy. */
export const uncopiedColumns: ReadonlySet<string> = new Set(["runs.owner"]);

export type CopiedValue = string | number | null;
export type CopiedRow = readonly CopiedValue[];

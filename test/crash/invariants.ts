import { Database } from "bun:sqlite";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { NodeItem, RunDetail } from "../../src/api/index.ts";
import type { SmithersEvent } from "../../src/model/index.ts";
import type { Client } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import type { Answer } from "../support/wire.ts";
import type { History, Started } from "./history.ts";
import { fromOutside, kinds } from "./workflows.ts";

/** What was seen when the invariants were checked. */
export interface Seen {
  runs: Record<string, number>;
  events: number;
  tasksFinished: number;
  /** Attempts that were recorded and never finished: what the crashes have cost. */
  attemptsLost: number;
  runsTakenOver: number;
  /** Runs whose code harms others where it can. */
  hostileRuns: number;
}

/** Collects what is wrong, so that a failure tells all of it. */
export class Findings {
  readonly wrong: string[] = [];

  check(holds: boolean, what: string): void {
    if (!holds) this.wrong.push(what);
  }
}

/** Looks from outside, through HTTP, the ledger and the database files, whether everything that was promised is so. */
export async function checkInvariants(
  root: string,
  client: Client,
  history: History,
  { database, isCalm }: { database?: { check(findings: Findings): Promise<void> } | undefined; isCalm: boolean },
): Promise<{ seen: Seen; wrong: string[] }> {
  const findings = new Findings();
  const seen: Seen = { runs: {}, events: 0, tasksFinished: 0, attemptsLost: 0, runsTakenOver: 0, hostileRuns: 0 };
  for (const started of history.starts.values()) {
    const { status, body } = await settled(client, started.runId);
    // Read after the run: one that was decided on late may execute its last task only now.
    const ledger = readLedger(root);
    if (status === 404) {
      findings.check(!started.accepted, `${started.runId} was accepted and is gone`);
      findings.check(!ledger.has(started.runId), `${started.runId} is gone and has executed something`);
      continue;
    }
    const lines = ledger.get(started.runId) ?? [];
    await checkRun(started, body, client, history, lines, findings, seen);
    const { isHostile = false, retries = false } = kinds[started.kind]!;
    if (isHostile) seen.hostileRuns += 1;
    if (isCalm && !isHostile && !retries) {
      const again = lines.filter(({ attempt }) => attempt > 1);
      findings.check(again.length === 0, `${started.runId} was executed again, and nothing was done to it`);
    }
  }
  if (database) await database.check(findings);
  else {
    for (const file of ["smithers.db", "own/runs.db"]) await checkFile(join(root, file), findings);
    await checkCopies(root, findings);
  }
  return { seen, wrong: findings.wrong };
}

/** A run once it has ended or waits, or as it is after ten seconds: it may have been decided on a moment ago. */
async function settled(client: Client, runId: string): Promise<Answer<any>> {
  const read = () => client.get(`/v1/runs/${runId}`);
  return eventually(
    async () => {
      const answer = await read();
      return (answer.status === 404 || hasEnded(answer.body) || answer.body.runState.blocked !== undefined) && answer;
    },
    { within: 10_000 },
  ).catch(read);
}

const hasEnded = ({ status }: RunDetail) => status === "finished" || status === "cancelled" || status === "failed";

interface LedgerLine {
  readonly node: string;
  readonly attempt: number;
  readonly what: string;
}

function readLedger(root: string): Map<string, LedgerLine[]> {
  const path = join(root, "ledger");
  const byRun = new Map<string, LedgerLine[]>();
  if (!existsSync(path)) return byRun;
  for (const line of readFileSync(path, "utf8").trimEnd().split("\n")) {
    const [runId = "", nodeId, iteration, attempt, what = ""] = line.split(" ");
    const lines = byRun.get(runId) ?? [];
    lines.push({ node: `${nodeId}#${iteration}`, attempt: Number(attempt), what });
    byRun.set(runId, lines);
  }
  return byRun;
}

async function checkRun(
  started: Started,
  run: RunDetail,
  client: Client,
  history: History,
  ledger: readonly LedgerLine[],
  findings: Findings,
  seen: Seen,
): Promise<void> {
  const { runId } = started;
  const nodes = await client.nodes(runId);
  const events: SmithersEvent[] = [];
  const seqs: number[] = [];
  const isOver = hasEnded(run);
  if (isOver) {
    for await (const { id, event } of client.events(runId)) {
      seqs.push(id);
      events.push(event);
    }
  }
  seen.runs[run.status] = (seen.runs[run.status] ?? 0) + 1;
  seen.events += events.length;
  seen.runsTakenOver += events.some(({ type }) => type === "RunAutoResumed") ? 1 : 0;

  findings.check(
    isOver || run.runState.blocked !== undefined,
    `${runId} is ${run.status} and waits for nothing: ${JSON.stringify(run)}`,
  );
  if (!isOver) return;
  const { output, isHostile = false, changesNodes = false } = kinds[started.kind]!;
  findings.check(isHostile || run.status !== "failed", `${runId} has failed: ${JSON.stringify(run.error)}`);
  findings.check(
    seqs.every((seq, index) => seq === index + 1),
    `${runId}: the events have a gap or a repeat: ${seqs}`,
  );
  const ends = events.filter(({ type }) => type === "RunFinished" || type === "RunCancelled" || type === "RunFailed");
  // One that has failed may have been resumed.
  const isOnce = ends.length === 1 || (isHostile && ends.length > 1);
  findings.check(isOnce && events.at(-1) === ends.at(-1), `${runId}: it ended ${ends.length} times`);
  if (history.cancels.has(runId))
    findings.check(run.status === "cancelled", `${runId}: its cancellation was accepted, and it has ${run.status}`);
  checkExecution(runId, nodes, events, ledger, findings, seen);
  checkDecisions(runId, run, nodes, events, history, findings);
  checkSignals(runId, run, nodes, events, history, findings);
  if (run.status !== "finished") return;
  const value = (run.output as { value?: unknown } | undefined)?.value;
  if (output !== fromOutside)
    findings.check(value === output, `${runId} has finished with ${JSON.stringify(run.output)}`);
  findings.check(
    nodes.every(({ state }) => state === "finished" || (changesNodes && state === "skipped")),
    `${runId} has finished, but not all of its nodes: ${JSON.stringify(run.summary)}`,
  );
}

/** No task whose result was recorded is executed again, and no attempt is executed that was not recorded, or twice. */
function checkExecution(
  runId: string,
  nodes: readonly NodeItem[],
  events: readonly SmithersEvent[],
  ledger: readonly LedgerLine[],
  findings: Findings,
  seen: Seen,
): void {
  for (const { nodeId, iteration, state, attempt } of nodes) {
    const key = `${nodeId}#${iteration}`;
    const at = `${runId} ${key}`;
    const starts = ledger.filter((line) => line.node === key && line.what === "start").map((line) => line.attempt);
    findings.check(new Set(starts).size === starts.length, `${at}: an attempt was executed twice: ${starts}`);
    findings.check(
      Math.max(0, ...starts) <= attempt,
      `${at}: attempts ${starts} were executed, and ${attempt} recorded`,
    );
    const ofNode = events.filter(
      (event) => "nodeId" in event && event.nodeId === nodeId && "iteration" in event && event.iteration === iteration,
    );
    const finished = ofNode.filter(({ type }) => type === "NodeFinished");
    findings.check(
      finished.length === (state === "finished" ? 1 : 0),
      `${at} is ${state} and has finished ${finished.length} times`,
    );
    const recorded = ofNode.filter(({ type }) => type === "NodeStarted").length;
    findings.check(recorded === attempt, `${at}: ${recorded} attempts have an event, and ${attempt} were recorded`);
    if (state !== "finished") continue;
    seen.tasksFinished += 1;
    seen.attemptsLost += Math.max(0, attempt - 1);
    const executes = recorded > 0;
    findings.check(!executes || starts.includes(attempt), `${at}: its result was recorded, and its code never ran`);
    const ended = ledger.some((line) => line.node === key && line.what === "end" && line.attempt === attempt);
    findings.check(!executes || ended, `${at}: its result was recorded before its code had ended`);
  }
}

function checkDecisions(
  runId: string,
  run: RunDetail,
  nodes: readonly NodeItem[],
  events: readonly SmithersEvent[],
  history: History,
  findings: Findings,
): void {
  const made = events.filter(({ type }) => type === "ApprovalGranted" || type === "ApprovalDenied");
  findings.check(made.length <= 1, `${runId} was decided ${made.length} times`);
  const granted = made[0]?.type === "ApprovalGranted";
  for (const decision of history.decisions.filter((one) => one.runId === runId)) {
    findings.check(
      made.length === 1 && decision.granted === granted,
      `${runId}: a decision that was accepted is not in effect`,
    );
  }
  const decided = nodes.find(({ nodeId }) => nodeId === "ask");
  if (run.status !== "finished" || !decided) return;
  const { approved } = decided.output as { approved: boolean };
  const { value } = run.output as { value: boolean };
  findings.check(
    made.length === 1 && approved === granted && value === granted,
    `${runId} went on otherwise than was decided`,
  );
}

function checkSignals(
  runId: string,
  run: RunDetail,
  nodes: readonly NodeItem[],
  events: readonly SmithersEvent[],
  history: History,
  findings: Findings,
): void {
  const received = events.flatMap((event) => (event.type === "SignalReceived" ? [event.signalSeq] : []));
  findings.check(
    received.every((seq, index) => seq === index + 1),
    `${runId}: the signals have the numbers ${received}`,
  );
  const accepted = history.signals.filter((signal) => signal.runId === runId);
  for (const { seq } of accepted)
    findings.check(received.includes(seq), `${runId}: signal ${seq} was accepted and is gone`);
  const waited = nodes.find(({ nodeId }) => nodeId === "go");
  if (run.status !== "finished" || !waited) return;
  const { value } = waited.output as { value: number };
  // The first one continues the run; nobody knows its value if whoever sent it got no answer.
  const first = accepted.find(({ seq }) => seq === 1);
  findings.check(first === undefined || first.value === value, `${runId} went on with ${value}, and not with signal 1`);
  findings.check((run.output as { value: number }).value === value, `${runId} lost what its signal said`);
}

async function checkFile(path: string, findings: Findings): Promise<void> {
  if (!existsSync(path)) return;
  const database = new Database(path);
  const [{ integrity_check: verdict }] = database.query("PRAGMA integrity_check").all() as [
    { integrity_check: string },
  ];
  findings.check(verdict === "ok", `${path}: ${verdict}`);
  findings.check(database.query("PRAGMA foreign_key_check").all().length === 0, `${path}: a row refers to nothing`);
  if (!hasTables(database)) return;
  const open = () =>
    database.query("SELECT run_id FROM _smithers_runs WHERE status = 'running' AND home IS NULL").all();
  await eventually(() => open().length === 0, { within: 10_000 }).catch(() => {});
  findings.check(open().length === 0, `${path}: ${open().length} runs are running`);
  const attempts = database
    .query(
      "SELECT a.run_id FROM _smithers_attempts a JOIN _smithers_runs r USING (run_id) WHERE a.state = 'running' AND r.owner IS NULL",
    )
    .all();
  findings.check(
    attempts.length === 0,
    `${path}: ${attempts.length} attempts of runs that nobody executes are running`,
  );
  database.close();
}

/** The server's database has every run of a workflow's own, with the same events, nodes and approvals, in the end. */
async function checkCopies(root: string, findings: Findings): Promise<void> {
  const own = join(root, "own/runs.db");
  if (!existsSync(own)) return;
  let differing: string[] = [];
  const areAlike = () => {
    const [lives, copies] = [readRuns(own, "home IS NULL"), readRuns(join(root, "smithers.db"), "home IS NOT NULL")];
    differing = [...lives].filter(([runId, rows]) => copies.get(runId) !== rows).map(([runId]) => runId);
    return differing.length === 0;
  };
  await eventually(areAlike, { within: 20_000 }).catch(() => {});
  findings.check(differing.length === 0, `the copies of these runs differ: ${differing}`);
}

function readRuns(path: string, condition: string): Map<string, string> {
  const database = new Database(path);
  if (!hasTables(database)) return new Map();
  const all = (sql: string, runId: string) => database.query(sql).all(runId);
  const ids = database.query(`SELECT run_id AS runId FROM _smithers_runs WHERE ${condition}`).all() as {
    runId: string;
  }[];
  const rows = ids.map(({ runId }): [string, string] => [
    runId,
    JSON.stringify([
      all("SELECT status, last_seq FROM _smithers_runs WHERE run_id = ?", runId),
      all("SELECT seq, json FROM _smithers_events WHERE run_id = ? ORDER BY seq", runId),
      all(
        "SELECT node_id, iteration, state, attempt FROM _smithers_nodes WHERE run_id = ? ORDER BY node_id, iteration",
        runId,
      ),
      all("SELECT node_id, status FROM _smithers_approvals WHERE run_id = ? ORDER BY node_id", runId),
    ]),
  ]);
  database.close();
  return new Map(rows);
}

/** Not so in a file whose first migration was killed and that nobody has opened since. */
function hasTables(database: Database): boolean {
  return database.query("SELECT 1 FROM sqlite_master WHERE name = '_smithers_runs'").get() !== null;
}

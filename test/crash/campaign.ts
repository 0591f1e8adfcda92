import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../support/eventually.ts";
import { type Fault, faultEnv } from "../support/fault.ts";
import { folder } from "../support/folder.ts";
import { ServerProcess } from "../support/process.ts";
import { isWorker, workersOf } from "../support/worker-processes.ts";
import { Clients } from "./clients.ts";
import { FaultPlan } from "./fault-plan.ts";
import { follow } from "./follow.ts";
import { History } from "./history.ts";
import { checkInvariants, type Seen } from "./invariants.ts";
import { OnPostgres } from "./on-postgres.ts";
import { Random } from "./random.ts";
import { files, kinds } from "./workflows.ts";

export interface RoundOptions {
  readonly seed: number;
  /**
   * How many servers are killed in this round, one after the other, at least: it lasts until each named point was met.
   * On Postgres, how many faults of any kind.
   */
  readonly kills: number;
  /** How many servers share the database: several are killed in turn. */
  readonly servers: 1 | 2 | 3;
  /** Whether the database is Postgres, which fails too, as do networks and clocks. */
  readonly postgres?: boolean;
  /** Whether only the lock of its connection to Postgres says that a server has gone, and not its heartbeat. */
  readonly byLock?: boolean;
  /** Whether one of two servers is also stopped past its leases now and then, and woken. Takes two seconds each. */
  readonly pauses?: boolean;
  /** How many worker processes a server has at most; with 0 it executes runs itself. Default: 4. */
  readonly workers?: 0 | 2 | 4;
  /** Whether workers are killed, stopped and blocked too, between the kills of their servers. */
  readonly hurtsWorkers?: boolean;
  /** Whether runs whose code harms others are among the runs. */
  readonly hostile?: boolean;
  /** With no kills: how many runs the clients start on one server that nothing is done to from outside. */
  readonly calmStarts?: number;
}

export interface RoundResult {
  readonly history: History;
  readonly seen: Seen;
  /** What is not as it was promised. */
  readonly wrong: readonly string[];
  /** What the victims have logged. */
  readonly log: string;
}

/** Whoever is killed every half second may well be so ten times in a row without being at fault. */
const options = {
  heartbeatMs: 100,
  staleAfterMs: 1_500,
  shutdownGraceMs: 300,
  maxCrashes: 1_000,
  workerTimeoutMs: 400,
};
/** Longer than it takes until the leases of whoever is paused are taken: by the heartbeats, or by the lock. */
const pauseMs = 2_000;
const pauseByLockMs = 9_000;
const endMs = 15_000;
/** How long a server lives that is to meet a fault and does not, and how long one whose workers meet theirs. */
const faultPatienceMs = 3_000;
const workerFaultsMs = 800;
/** Clients that start fewer runs in this time are no reason to wait longer; the tests look at what became of them. */
const calmWithinMs = 60_000;

/**
 * Lets clients work on servers that are killed with -9, at random moments and at named points, and started again;
 * then lets everything come to rest and looks whether all that was promised is so.
 */
export async function crashRound({
  seed,
  kills,
  servers,
  pauses = false,
  workers = 4,
  hurtsWorkers = false,
  hostile = false,
  calmStarts = 0,
  postgres = false,
  byLock = false,
}: RoundOptions): Promise<RoundResult> {
  const random = new Random(seed);
  const history = new History();
  const root = folder(files);
  const surroundings = postgres ? await OnPostgres.start(servers, random, history) : undefined;
  const leaseMs = byLock ? pauseByLockMs : pauseMs;
  const plan = new FaultPlan(random, { postgres, workers: workers > 0 });
  const done = () => (postgres ? history.faults >= kills : history.killed >= kills && (kills === 0 || plan.isMet));
  const victims: (ServerProcess | undefined)[] = Array(servers).fill(undefined);
  // One that has ended is not gone before its workers are.
  const up = () => victims.filter((victim) => victim !== undefined).filter((victim) => victim.isRunning);
  const gone: Promise<void>[] = [];
  const faults: (Fault | undefined)[] = [];
  /** The one that is killed from outside. */
  let chosen: ServerProcess | undefined;
  let log = "";
  let failure: unknown;
  let over = false;
  // A database that a workflow names is a file of one machine.
  const without = [
    ...(hurtsWorkers ? [] : ["blocking"]),
    ...(postgres ? ["own"] : []),
    ...(hostile ? [] : Object.keys(kinds).filter((kind) => kinds[kind]!.isHostile)),
  ];
  const clients = new Clients(history, random, up, `r${seed}`, without);
  const working = Array.from({ length: 6 }, () =>
    clients.work().catch((error) => {
      failure ??= error;
    }),
  );
  const following: Promise<{ runId: string; seqs: number[] }>[] = [];
  const followed = setInterval(() => {
    const runId = [...history.starts.keys()].at(-1);
    if (runId === undefined || following.length >= 40) return;
    following.push(follow(runId, up, history, () => over).then((seqs) => ({ runId, seqs })));
  }, 250);

  const countKill = (fault: Fault | undefined, otherwise: string) => {
    history.countKill(fault?.point ?? otherwise);
    if (fault) plan.met(fault.point);
  };
  const patienceMs = (fault: Fault | undefined) => {
    if (!fault) return random.between(50, 500);
    return fault.point === "before-launch" && workers > 0 ? workerFaultsMs : faultPatienceMs;
  };
  const start = async (place: number, fault?: Fault) => {
    if (fault?.point === "mirror") clients.startNext("own");
    const given = {
      ...options,
      ...(workers > 0 ? { maxWorkers: workers } : { isolation: "none" }),
      ...(calmStarts > 0 ? { workerTimeoutMs: 30_000, shutdownGraceMs: 5_000 } : {}),
      ...(byLock ? { staleAfterMs: 600_000 } : {}),
      ...surroundings?.options(place),
    };
    const env = { SERVE_OPTIONS: JSON.stringify(given), SMITHERS_LOG_LEVEL: "warn", ...faultEnv(fault) };
    try {
      const network = surroundings?.network(place);
      const victim = await ServerProcess.start(root, { ...env, ...surroundings?.env() }, { captureLog: true, network });
      victims[place] = victim;
      faults[place] = fault;
      gone[place] = victim.gone.then(() => {
        victims[place] = undefined;
        log += victim.log;
        if (victim.child.signalCode === "SIGKILL") countKill(chosen === victim ? undefined : fault, "random");
      });
    } catch {
      // It met its fault before it listened.
      countKill(fault, "start");
    }
  };

  for (let turn = 0; !done() && !failure; turn++) {
    await Promise.all(victims.map((victim, place) => victim ?? start(place, plan.next())));
    const place = turn % servers;
    const victim = victims[place];
    if (!victim) continue;
    if (turn % 6 === 5) {
      // Between two crashes also an end as it should be; one that does not come is a failure.
      if (!(await endsInTime(victim))) failure ??= `a server that was asked to end did not, in ${endMs} ms`;
      history.ended += 1;
      continue;
    }
    if (pauses && turn % 4 === 3) {
      victim.child.kill("SIGSTOP");
      await sleep(leaseMs);
      victim.child.kill("SIGCONT");
      history.pauses += 1;
      continue;
    }
    if (surroundings && turn % 3 === 1) {
      // It may also meet its own fault meanwhile.
      await hasAccepted(history);
      await surroundings.harm(place, leaseMs);
      continue;
    }
    // Most servers live long enough to execute something; some are killed while they and their workers start.
    if (turn % 4 !== 0) await Promise.race([gone[place], hasAccepted(history)]);
    if (hurtsWorkers) await hurtWorkers(victim, random, history);
    await Promise.race([gone[place], sleep(patienceMs(faults[place]))]);
    if (done() || victims[place] !== victim) continue;
    chosen = victim;
    await victim.kill();
    await gone[place];
  }

  if (calmStarts > 0) {
    await start(0);
    const haveStarted = eventually(() => history.accepted >= calmStarts, { within: calmWithinMs });
    await Promise.race([gone[0], haveStarted.catch(() => {})]);
  }
  clients.stop();
  await Promise.all(working);
  clearInterval(followed);
  if (calmStarts === 0) {
    // One that still has its fault before it would meet it now.
    for (const victim of up()) await victim.stop("SIGTERM");
    await Promise.all(gone);
    await start(0);
  }
  const [last] = up();
  if (!last) throw new Error(`The last server did not start, or has ended.\n${log}`);
  await settle(last, history);
  const { seen, wrong } = await checkInvariants(root, last, history, {
    database: surroundings,
    isCalm: calmStarts > 0,
  });
  over = true;
  // Those who follow a run that waits are let go of.
  for (const victim of up()) await victim.stop("SIGTERM");
  await Promise.all(gone);
  const read = await Promise.all(following);
  const broken = read
    .filter(({ seqs }) => seqs.some((seq, index) => seq !== index + 1))
    .map(({ runId, seqs }) => `${runId}: whoever followed it was given the events ${seqs}`);
  return { history, seen, wrong: [...(failure ? [String(failure)] : []), ...wrong, ...broken], log };
}

/** Resolves when one more start is accepted, or none for a while. */
async function hasAccepted(history: History): Promise<void> {
  const before = history.accepted;
  await eventually(() => history.accepted > before, { within: 5_000 }).catch(() => {});
}

/** Kills or stops some workers of a server, one after the other. One that is stopped looks blocked. */
async function hurtWorkers(server: ServerProcess, random: Random, history: History): Promise<void> {
  for (let n = random.between(1, 4); n > 0; n--) {
    await sleep(random.between(20, 300));
    const workers = await eventually(() => some(workersOf(server.child.pid!)), { within: 5_000 }).catch(() => []);
    // The server has met its fault.
    if (workers.length === 0) return;
    const signal = random.between(0, 2) === 0 ? "SIGSTOP" : "SIGKILL";
    const worker = random.pick(workers);
    if (!kill(worker, signal)) continue;
    history.hurtWorkers += 1;
    // One that was stopped while it started would outlive a server that is killed meanwhile.
    if (signal === "SIGSTOP")
      setTimeout(() => isWorker(worker) && kill(worker, "SIGCONT"), 3 * options.workerTimeoutMs);
  }
}

const some = (pids: readonly number[]) => pids.length > 0 && pids;

function kill(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    // It has ended already.
    return false;
  }
}

async function endsInTime(server: ServerProcess): Promise<boolean> {
  return Promise.race([server.stop("SIGTERM").then(() => true), sleep(endMs, false, { ref: false })]);
}

/** Answers what is asked for, but leaves some runs waiting, until nothing moves any more. */
async function settle(server: ServerProcess, history: History): Promise<void> {
  const ended = new Set(["finished", "cancelled", "failed"]);
  const open = new Map([...history.starts].filter(([, { accepted }]) => accepted));
  let asked = 0;
  const answerAll = async () => {
    for (const { runId, kind } of [...open.values()]) {
      const { body: run } = await server.get(`/v1/runs/${runId}`);
      if (ended.has(run.status) || run.error?.code === "RUN_NOT_FOUND") open.delete(runId);
      else if (run.status === "waiting-approval" || run.status === "waiting-event") {
        if (asked++ % 5 === 0) {
          open.delete(runId);
          continue;
        }
        const value = asked;
        const path = kind === "wait" ? "signals/go" : "nodes/ask/approve";
        const { status, body } = await server.post(
          `/v1/runs/${runId}/${path}`,
          kind === "wait" ? { data: { value } } : {},
        );
        if (status !== 200) continue;
        if (kind === "wait") history.signals.push({ runId, seq: body.seq, value });
        else history.decisions.push({ runId, granted: true });
      }
    }
    return open.size === 0;
  };
  // What is still open then is found by the checks.
  await eventually(answerAll, { within: 60_000 }).catch(() => {});
}

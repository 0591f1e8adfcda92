import { type CommitFeed, type EngineObserver, LeaseHolder, type Logger, type RunPlaces } from "../engine/index.ts";
import { describeThrown, runExists, SmithersError } from "../errors/index.ts";
import { databaseFileOf } from "../jsx/index.ts";
import { inputSchemaOf, type LoadedWorkflow, Loader, startable, workflowNameOf } from "../loader/index.ts";
import type { Run } from "../model/index.ts";
import type { ParentChannel } from "../runtime/index.ts";
import type { Lease } from "../store/index.ts";
import type { AttemptContexts } from "../telemetry/attempt-contexts.ts";
import { type CommandWatch, type Undone, watchCommandsWith } from "../tools/guard/index.ts";
import { withInput } from "./as-json.ts";
import type { Board } from "./board.ts";
import { Channel } from "./channel.ts";
import type { FileStart, LoadedFile, RemoteClaim, ServerCalls, WorkerCalls, WorkerSettings } from "./protocol.ts";
import { RemoteStore, type StoreIdentity } from "./remote-store.ts";
import { Whereabouts } from "./whereabouts.ts";
import { toWireError } from "./wire-error.ts";

interface RemoteRuns {
  readonly remote: RemoteStore;
  readonly holder: LeaseHolder;
}

/** Errors without an origin that one worker logs: code that throws at every tick must not fill the log. */
const maxUnknown = 100;
/** Time limit of the last push of spans when a worker ends. */
const lastPushMs = 5_000;

/** The server publishes what is committed, and no one reads it here. */
const unheard: CommitFeed = { note() {}, publish() {}, runLost() {} };

/** Executes runs for a server, which has the stores and says what to do. */
export class Worker {
  readonly #board: Board;
  readonly #whereabouts: Whereabouts;
  readonly #channel: Channel<WorkerCalls, ServerCalls>;
  readonly #byStore = new Map<string, RemoteRuns>();
  /** What wakes the runs that may wait for a place. */
  readonly #placeWakes = new Map<string, () => void>();
  readonly #log: Logger;
  #settings!: WorkerSettings;
  #loader!: Loader;
  #contexts: AttemptContexts | undefined;
  /** How many errors have had no origin. */
  #unknown = 0;

  constructor(parent: ParentChannel, board: Board) {
    this.#board = board;
    this.#whereabouts = new Whereabouts(board);
    this.#channel = new Channel<WorkerCalls, ServerCalls>(parent, this.#answers());
    const logAt = (level: keyof Logger) => (facts: object, message: string) =>
      this.#channel.tell("log", level, plain(facts), message);
    this.#log = { debug: logAt("debug"), info: logAt("info"), warn: logAt("warn"), error: logAt("error") };
  }

  /** Logs an error that nothing has caught and that may be of any code of this worker, also of a run that has ended. */
  noteUnknown(thrown: unknown): void {
    this.#unknown += 1;
    if (this.#unknown > maxUnknown) return;
    const { name, message } = describeThrown(thrown);
    const last = this.#unknown === maxUnknown ? " Further ones of this worker are not logged." : "";
    const text = `Nothing caught an error of the code of a workflow that this worker has run: ${name}: ${message}${last}`;
    this.#log.error({ workerPid: process.pid, err: thrown }, text);
  }

  #answers(): WorkerCalls {
    return {
      begin: (settings) => this.#begin(settings),
      start: (start) => this.#start(start),
      claim: (claim) => this.#claim(claim),
      checkSignal: (store, signal) => this.#runsOf(store).holder.checkAwaitedSignal(signal),
      load: (path) => this.#describe(path),
      stop: async (storeId, graceMs) => this.#byStore.get(storeId)?.holder.stop(graceMs),
      end: () => this.#end(),
      notify: (storeId, runId) => this.#byStore.get(storeId)?.holder.active(runId)?.notify(),
      placeFree: (storeId, runId, leaseNo) => this.#placeWakes.get(placeKey(storeId, runId, leaseNo))?.(),
      abandon: (storeId, runId, leaseNo) => {
        const active = this.#byStore.get(storeId)?.holder.active(runId);
        if (active?.lease.leaseNo === leaseNo) active.abandon();
      },
      trouble: (storeId, record) => this.#byStore.get(storeId)?.remote.setTrouble(record),
      ping: (number) => {
        this.#whereabouts.checkInTurn();
        this.#channel.tell("pong", number);
        this.#channel.flush();
      },
    };
  }

  async #begin(settings: WorkerSettings): Promise<void> {
    this.#settings = settings;
    for (const name of settings.hiddenEnv) delete process.env[name];
    watchCommandsWith(this.#commandWatch());
    const { rootDir, workflows } = settings;
    this.#loader = new Loader({ rootDir, startable: startable(workflows), logger: this.#log });
    // Loaded when it is used: a worker makes metrics of its own no more than logs.
    if (process.env.SMITHERS_OTEL_ENABLED) {
      this.#contexts = (await import("../telemetry/attempt-contexts.ts")).AttemptContexts.fromEnv(lastPushMs);
    }
    await this.#loader.warmUp();
  }

  /** The server watches over the commands of all workers: what one plants, another might load. */
  #commandWatch(): CommandWatch {
    const channel = this.#channel;
    return {
      async begin(noted) {
        const number = await channel.call("beginCommand", [...noted]);
        let undone: Promise<readonly Undone[]> | undefined;
        return () => (undone ??= channel.call("endCommand", number));
      },
      undoRunning: () => channel.call("undoRunning"),
      hasPlanted: (paths) => channel.call("hasPlanted", paths),
    };
  }

  async #start({ path, existing, main, request }: FileStart): Promise<string> {
    const source = await this.#load(path);
    if (existing !== undefined) throw runExists(existing);
    const dbPath = databaseFileOf(source.workflow);
    const store = dbPath === undefined ? main : await this.#channel.call("openDatabase", dbPath);
    const run = { ...source, workflowName: workflowNameOf(source), ...withInput(request) };
    return this.#runsOf(store).holder.start(run, () => {});
  }

  async #claim({ store, run, path, forced, alone, isOrphan, lease }: RemoteClaim): Promise<boolean> {
    const { holder } = this.#runsOf(store);
    // The server knows that the run was released before this process has noticed its own release.
    if (holder.active(run.runId)) await holder.released(run.runId);
    const source = path === undefined ? undefined : { workflowPath: path };
    // The server has the place that is kept for it.
    const taken = lease && { lease, places: undefined };
    return holder.claim(withInput<Run>(run), { source, forced, alone, isOrphan, taken });
  }

  async #describe(path: string): Promise<LoadedFile> {
    const { workflow, workflowPath } = await this.#load(path);
    return { workflowPath, inputSchema: inputSchemaOf(workflow) };
  }

  #load(path: string): Promise<LoadedWorkflow> | LoadedWorkflow {
    const known = this.#loader.unchanged(path);
    return known ?? this.#whereabouts.within({ file: path }, () => this.#loader.load(path));
  }

  async #end(): Promise<void> {
    await Promise.all([this.#loader?.close(), this.#contexts?.close()]);
  }

  #runsOf(identity: StoreIdentity): RemoteRuns {
    const known = this.#byStore.get(identity.id);
    if (known) return known;
    const remote = new RemoteStore(identity, {
      call: (part, name, args) => this.#channel.callAsJson("store", identity.id, part, name, args),
      commitLargeTurn: (turn, texts) => this.#channel.call("commitLargeTurn", identity.id, turn, texts),
      watch: () => {},
      takeRoom: async (bytes) => {
        const number = await this.#channel.call("takeRoom", bytes);
        return () => this.#channel.tell("giveRoom", number);
      },
    });
    // The server writes the heartbeats, for a worker that computes cannot.
    const store = Object.assign(remote.store, { beat: async () => [] });
    const { rootDir, allowNetwork, heartbeatMs, staleMs, maxCrashes, files, isBounded } = this.#settings;
    const holder = new LeaseHolder({
      store,
      sink: { store, feed: unheard, observer: this.#observer(), isRemote: true },
      rootDir,
      allowNetwork,
      heartbeatMs,
      staleMs,
      maxCrashes,
      fileRules: { ...files, privatePaths: () => this.#board.privatePaths() },
      placesOf: isBounded ? (lease, wake) => this.#placesOf(identity.id, lease, wake) : undefined,
      leavesQueued: identity.isShared,
      resolveWorkflow: async (run) => this.#load(pathOf(run)),
      log: this.#log,
      onReleased: (runId, end) => {
        if (end === "lost") this.#channel.tell("gaveUp", identity.id, runId);
      },
      wake: () => {},
    });
    const runs = { remote, holder };
    this.#byStore.set(identity.id, runs);
    return runs;
  }

  /** The server counts by itself what is committed. */
  #placesOf(storeId: string, { runId, leaseNo }: Lease, wake: () => void): RunPlaces {
    const key = placeKey(storeId, runId, leaseNo);
    this.#placeWakes.set(key, wake);
    return {
      ask: (running, wanted) => this.#channel.call("askPlaces", storeId, runId, leaseNo, running, wanted),
      note() {},
      release: () => {
        this.#placeWakes.delete(key);
        this.#channel.tell("releasePlaces", storeId, runId, leaseNo);
      },
    };
  }

  #observer(): EngineObserver {
    return {
      turnCommitted: (turn) => this.#contexts?.turnCommitted(turn),
      aroundAttempt: (attempt, code) => (this.#contexts ? this.#contexts.aroundAttempt(attempt, code) : code()),
      aroundCode: (place, code) => this.#whereabouts.within(place, code),
      leaseLost() {},
      heartbeatFailed() {},
    };
  }
}

const placeKey = (storeId: string, runId: string, leaseNo: number) => `${leaseNo} ${runId} ${storeId}`;

function pathOf({ runId, workflowPath }: Pick<Run, "runId" | "workflowPath">): string {
  if (workflowPath !== null) return workflowPath;
  throw new SmithersError("WORKFLOW_NOT_FOUND", `The run "${runId}" has no workflow file. Pass its workflowPath.`);
}

/** Facts of a log line as they cross to the server. */
function plain(facts: object): object {
  return "err" in facts ? { ...facts, err: toWireError(facts.err) } : facts;
}

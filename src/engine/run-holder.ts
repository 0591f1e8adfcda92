import type { Run } from "../model/index.ts";
import type { ClaimedRun, Lease, NewSignal } from "../store/index.ts";
import type { Logger } from "./logger.ts";
import type { StartRequest } from "./options.ts";
import type { ReservedPlace } from "./places.ts";
import type { ExecutionEnd } from "./run/conclude.ts";
import type { Edit } from "./run/edit.ts";
import type { WorkflowRef } from "./source.ts";
import type { TurnSink } from "./turn/commit.ts";

/** How a run is claimed. */
export interface Claim {
  /** Replaces the run's own workflow. */
  readonly source?: WorkflowRef;
  /** Replaces the run's workflow in the first turn, unless it cannot be rendered. */
  readonly edit?: Edit;
  /** Keys of nodes that start even though another has failed. */
  readonly forced?: ReadonlySet<string>;
  /** Ids of nodes that have been lost together, of which one may have ended their process: each runs alone now. */
  readonly alone?: ReadonlySet<string>;
  /** The engine claims it by itself: a run that has ended too many processes fails instead of being claimed again. */
  readonly isOrphan?: boolean;
  /** Set for a run that has waited for a place: its lease, in the name of {@link RunHolder.owner}, and the place. */
  readonly taken?: TakenPlace;
}

export interface TakenPlace {
  readonly lease: Lease;
  /** Undefined without a bound. */
  readonly places: ReservedPlace | undefined;
}

/** A run that is being executed. */
export interface HeldRun {
  /** Takes in what may have arrived for the run: a decision, a signal, a cancel request. */
  notify(): void;
  /**
   * Replaces the workflow's code.
   * @returns false when the execution ends before it tries the code
   * @throws what the new code throws when it is rendered; the old code is kept then
   */
  reload?(edit: Edit): Promise<boolean>;
  readonly end?: Promise<ExecutionEnd>;
  /** Resolves when its first turn is over. Never rejects. */
  readonly begun?: Promise<void>;
}

/** What an engine gives to its holder. */
export interface HolderParts {
  readonly sink: TurnSink;
  readonly log: Logger;
  /** Called for each run that is released. */
  onReleased(runId: string, end: ExecutionEnd): void;
  /** Continues a run that has lost its owner. */
  wake(runId: string): void;
}

/** Executes runs, in this process or in others: takes their leases, renews them and releases them. */
export interface RunHolder {
  /** In whose name runs are taken before it is known what executes them. */
  readonly owner: string;
  /** How many runs are being executed. */
  readonly activeRuns: number;
  /** How many attempts are running. */
  readonly runningAttempts: number;
  /** The run, if it is held. */
  active(runId: string): HeldRun | undefined;
  /** Resolves when a pending claim of the run, if there is one, has succeeded or failed. */
  claimed(runId: string): Promise<void>;
  /** Whether the run has an owner, here or elsewhere, that may be alive. */
  isTaken(run: Run): boolean;
  /** Whether the run has another owner that may be alive. */
  isOwnedElsewhere(run: Run): boolean;
  /**
   * Records a run and executes it, or finds the run that the same request has started before.
   * @param begun called with the run's id once it is recorded, before it can be released
   * @returns the run's id
   * @throws INVALID_INPUT with the Zod issues, RUN_ALREADY_EXISTS, IDEMPOTENCY_KEY_REUSED
   */
  start(request: StartRequest, begun: (runId: string) => void): Promise<string>;
  /**
   * Takes the lease of a run without an owner, and executes the run.
   * @returns false when another owner was faster
   * @throws what loading its workflow throws
   */
  claim(run: Run, how: Claim): Promise<boolean>;
  /** Cancels a run without an owner, unless another was faster. Needs no workflow: its file may be gone. */
  cancel(run: Run): Promise<boolean>;
  /** Finds the workflow of a run. @throws when it does not load */
  resolve(run: Run): Promise<WorkflowRef>;
  /**
   * Refuses a signal whose data does not fit the wait that would consume it.
   * @param known the run, if it was read a moment ago: on Postgres each read is a round trip
   * @returns whether that wait was found, and so the run can be executed here
   * @throws INVALID_INPUT with the Zod issues
   */
  checkSignal(given: NewSignal, known?: Run): Promise<boolean>;
  /** Resolves when the run is released: it has ended, is parked, or was taken over. */
  released(runId: string): Promise<ExecutionEnd>;
  /** Runs whose owner has died, or that should have an owner and have none. */
  orphans(): Promise<ClaimedRun[]>;
  /** Claims nothing more, lets attempts run for `graceMs`, aborts them, and gives up every lease. */
  stop(graceMs: number): Promise<void>;
}

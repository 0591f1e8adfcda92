import type { TimerScope } from "../../containment/index.ts";
import { SmithersError } from "../../errors/index.ts";
import type { FileRules } from "../../jsx/index.ts";
import type { NewEvent, StoredEvent } from "../../model/index.ts";
import type { NewToolCall, ToolCallEnd } from "../../store/index.ts";
import { waitAtMost } from "../../timing/index.ts";
import { launchAttempt, type RunningAttempt } from "../attempt/attempt.ts";
import type { AttemptSettings } from "../attempt/settings.ts";
import type { Logger } from "../logger.ts";
import type { EngineObserver } from "../observer.ts";
import { type Completion, recordCompletion } from "../turn/attempt-results.ts";
import type { TurnDraft } from "../turn/draft.ts";
import type { Launch } from "../turn/planner.ts";
import type { RunState } from "../turn/run-state.ts";

export interface AttemptsSettings {
  /** The files of the workflow's code now. */
  files(): ReadonlySet<string>;
  /** Timers that the run's code has started. */
  readonly timers: TimerScope;
  readonly log: Logger;
  readonly rootDir: string;
  readonly allowNetwork: boolean;
  /** Observes the next attempt. */
  observer(): EngineObserver | undefined;
  readonly fileRules: FileRules;
  /** Records a tool call; resolves when the tool's code may start. */
  beginToolCall(call: NewToolCall): Promise<void>;
  /** What the run's agents have reported, oldest first. */
  agentReports(): Promise<readonly StoredEvent[]>;
  /** Requests a turn. */
  wake(): void;
}

/** How long the end of a tool call waits to be written together with the end of its attempt. */
const toolCallEndMs = 20;

/** Results, events and ends of tool calls that one turn takes in, of each at most. */
const maxTaken = 500;

/** Length of the results' JSON, in characters, after which a turn takes in no more of them. */
const maxTakenLength = 8_388_608;

/** The running attempts of one run, and what they have produced since the last turn. */
export class Attempts {
  readonly #settings: AttemptsSettings;
  /** What all attempts take from the run. */
  readonly #shared: Omit<AttemptSettings, "files" | "observer">;
  readonly #running = new Map<string, RunningAttempt>();
  readonly #codeEnds = new Set<Promise<void>>();
  readonly #completions: Completion[] = [];
  readonly #events: NewEvent[] = [];
  readonly #endedToolCalls: ToolCallEnd[] = [];
  #aborted: Error | undefined;

  constructor(settings: AttemptsSettings) {
    this.#settings = settings;
    const { timers, log, rootDir, allowNetwork, fileRules, wake } = settings;
    this.#shared = {
      timers,
      log,
      rootDir,
      allowNetwork,
      fileRules,
      toolCalls: {
        begin: (call) => settings.beginToolCall(call),
        end: (call) => {
          this.#endedToolCalls.push(call);
          setTimeout(wake, toolCallEndMs);
        },
      },
      agentReports: () => settings.agentReports(),
      emit: (event) => {
        this.#events.push(event);
        wake();
      },
    };
  }

  /** How many attempts are running. */
  get size(): number {
    return this.#running.size;
  }

  launch({ task, attempt, deps, cacheKey }: Launch): void {
    const { files, observer, wake } = this.#settings;
    const running = launchAttempt(task, attempt, deps, { ...this.#shared, files: files(), observer: observer() });
    this.#running.set(task.key, running);
    if (this.#aborted) running.abort(this.#aborted);
    this.#codeEnds.add(running.codeEnd);
    void running.codeEnd.then(() => this.#codeEnds.delete(running.codeEnd));
    void running.outcome.then((outcome) => {
      this.#completions.push({ task, attempt, outcome, calledTools: running.hasCalledTools(), cacheKey });
      wake();
    });
  }

  /**
   * Adds to a turn what the attempts have produced since the last one.
   * @param stopping the process shuts down: a cancelled attempt has not failed; its task runs again at the next start
   */
  takeInto(draft: TurnDraft, runState: RunState, stopping: boolean): void {
    for (const event of this.#events.splice(0, maxTaken)) draft.emit(event);
    for (const call of this.#endedToolCalls.splice(0, maxTaken)) draft.endToolCall(call);
    // What an attempt has told comes before its end.
    const isAllTold = this.#events.length + this.#endedToolCalls.length === 0;
    for (const completion of isAllTold ? this.#nextCompletions() : [])
      this.#take(draft, runState, completion, stopping);
    if (!isAllTold || this.#completions.length > 0) this.#settings.wake();
  }

  /** Removes and returns the oldest results, as many as one turn takes in. */
  #nextCompletions(): Completion[] {
    let length = 0;
    let count = 0;
    for (const { outcome } of this.#completions) {
      if (count === maxTaken || length > maxTakenLength) break;
      count += 1;
      if (outcome.ok) length += outcome.value.json.length;
    }
    return this.#completions.splice(0, count);
  }

  #take(draft: TurnDraft, runState: RunState, completion: Completion, stopping: boolean): void {
    const { task, attempt, outcome } = completion;
    this.#running.delete(task.key);
    const node = runState.node(task.key);
    if (node?.state !== "in-progress" || node.attempt !== attempt.attempt) return;
    if (stopping && !outcome.ok && outcome.error.code === "TASK_CANCELLED") {
      draft.endAttempt(node, "cancelled", { error: outcome.error });
      draft.changeNode(node, { state: "pending" });
    } else recordCompletion(draft, node, completion);
  }

  /** Resolves when the code of every attempt has ended, including aborted ones; at the latest after `limitMs`. */
  async codeEnd(limitMs: number): Promise<void> {
    await waitAtMost(limitMs, Promise.all(this.#codeEnds));
  }

  /** Aborts the attempts that are running, and those that are still to be launched. */
  abortAll(reason: Error): void {
    this.#aborted = reason;
    for (const running of this.#running.values()) running.abort(reason);
  }

  /** Aborts the attempts whose node a committed turn has ended: cancelled with the run, or no longer mounted. */
  abortEnded(runState: RunState): void {
    for (const [key, running] of this.#running) {
      if (runState.node(key)?.state === "in-progress") continue;
      running.abort(new SmithersError("TASK_CANCELLED"));
      this.#running.delete(key);
    }
  }
}

import { setTimeout as sleep } from "node:timers/promises";
import { withTimeout } from "../../src/timing/index.ts";
import type { ServerProcess } from "../support/process.ts";
import type { Answer } from "../support/wire.ts";
import type { History } from "./history.ts";
import type { Random } from "./random.ts";
import { kinds } from "./workflows.ts";

/** A server that was cut off from the network answers nothing. */
const longestAnswerMs = 15_000;

/** What clients ask of servers that may die at any moment; what they are answered goes into the history. */
export class Clients {
  readonly #history: History;
  readonly #random: Random;
  readonly #servers: () => readonly ServerProcess[];
  readonly #prefix: string;
  readonly #kinds: readonly string[];
  /** The kinds of the next runs: each of them once, in any order, before any comes again. */
  #next: string[] = [];
  #count = 0;
  #stopped = false;

  /** @param without kinds of runs that are not started */
  constructor(
    history: History,
    random: Random,
    servers: () => readonly ServerProcess[],
    prefix: string,
    without: readonly string[],
  ) {
    this.#kinds = Object.keys(kinds).filter((kind) => !without.includes(kind));
    this.#history = history;
    this.#random = random;
    this.#servers = servers;
    this.#prefix = prefix;
  }

  /** Asks one thing after the other until it is told to stop. */
  async work(): Promise<void> {
    const acts = [
      () => this.#start(),
      () => this.#start(),
      () => this.#decide(),
      () => this.#signal(),
      () => this.#meddle(),
    ];
    while (!this.#stopped) {
      const server = this.#servers().length > 0 && this.#random.pick(this.#servers());
      if (server) await this.#random.pick(acts)();
      // A dead server refuses at once; the event loop, and the victims, shall get on.
      await sleep(this.#random.between(1, 15));
    }
  }

  /** Lets the next run be of this kind. */
  startNext(kind: string): void {
    this.#next.push(kind);
  }

  stop(): void {
    this.#stopped = true;
  }

  async #ask(method: "GET" | "POST", path: string, body?: unknown): Promise<Answer<any> | undefined> {
    const server = this.#random.pick(this.#servers());
    if (!server) return undefined;
    try {
      const answer = await withTimeout(longestAnswerMs, server.request(method, path, body), () => new Error("late"));
      if (answer.status === 503) this.#history.refused += 1;
      else if (answer.status >= 500)
        throw new Unexpected(`${method} ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
      return answer;
    } catch (error) {
      if (error instanceof Unexpected) throw error;
      this.#history.unanswered += 1;
      return undefined;
    }
  }

  async #start(): Promise<void> {
    if (this.#next.length === 0) this.#next = this.#random.shuffled(this.#kinds);
    const kind = this.#next.pop()!;
    const runId = `${this.#prefix}-${this.#count++}-${kind}`;
    const started = { runId, kind, accepted: false };
    this.#history.starts.set(runId, started);
    const answer = await this.#ask("POST", "/v1/runs", { workflowPath: `${kind}.tsx`, runId });
    if (answer?.status === 200) started.accepted = true;
  }

  async #decide(): Promise<void> {
    const approvals = (await this.#ask("GET", "/v1/approvals"))?.body.approvals ?? [];
    if (approvals.length === 0) return;
    const { runId, nodeId } = this.#random.pick(approvals as { runId: string; nodeId: string }[]);
    const granted = this.#random.next() < 0.7;
    const answer = await this.#ask("POST", `/v1/runs/${runId}/nodes/${nodeId}/${granted ? "approve" : "deny"}`, {});
    if (answer?.status === 200) this.#history.decisions.push({ runId, granted });
  }

  async #signal(): Promise<void> {
    const waiting = [...this.#history.starts.values()].filter(({ kind }) => kind === "wait").slice(-8);
    if (waiting.length === 0) return;
    const { runId } = this.#random.pick(waiting);
    const value = this.#random.between(1, 1_000_000);
    const answer = await this.#ask("POST", `/v1/runs/${runId}/signals/go`, { data: { value } });
    if (answer?.status === 200) this.#history.signals.push({ runId, seq: answer.body.seq, value });
  }

  /** Cancels now and then, and resumes what may be under way: neither may harm. */
  async #meddle(): Promise<void> {
    const started = [...this.#history.starts.keys()].slice(-20);
    if (started.length === 0) return;
    const runId = this.#random.pick(started);
    if (this.#random.next() < 0.8) return void (await this.#ask("POST", `/v1/runs/${runId}/resume`, {}));
    const answer = await this.#ask("POST", `/v1/runs/${runId}/cancel`);
    if (answer?.status === 200) this.#history.cancels.add(runId);
  }
}

/** An answer that no crash explains. */
class Unexpected extends Error {}

import { cutText, type ErrorRecord, readField } from "../../errors/index.ts";
import type { TaskContext } from "../../jsx/index.ts";
import type { NewEvent } from "../../model/index.ts";
import { type AgentBudget, budgetError, tokensOf } from "./budget.ts";

/** Longest prompt that is stored, in bytes. */
const maxPromptBytes = 16_384;

/** Turns what an agent reports while it works into events of its attempt. */
export class AgentReports {
  readonly #context: TaskContext;
  readonly #emit: (event: NewEvent) => void;
  readonly #budget: AgentBudget | undefined;
  #used: number;
  #isExceeded = false;

  constructor(context: TaskContext, emit: (event: NewEvent) => void, budget?: AgentBudget) {
    this.#context = context;
    this.#emit = emit;
    this.#budget = budget;
    this.#used = budget?.usedBefore ?? 0;
  }

  /** The options of `generate` through which an agent reports progress. */
  get callbacks() {
    const { heartbeat, output } = this.#context;
    const report = (text: unknown, stream: "stdout" | "stderr") => {
      heartbeat();
      if (typeof text === "string") output(text, stream);
    };
    return {
      onStepFinish: (step: unknown) => {
        const text = readField(step, "text");
        report(typeof text === "string" && text !== "" ? `${text}\n` : text, "stdout");
      },
      onStdout: (text: unknown) => report(text, "stdout"),
      onStderr: (text: unknown) => report(text, "stderr"),
    };
  }

  /**
   * Reports the tokens that an answer, or an error, says it used. `totalUsage`, if present, covers all steps.
   * @throws BUDGET_EXCEEDED when the task has used more than it may, and that fails it
   */
  usage(from: unknown, agent: unknown): void {
    const total = readField(from, "totalUsage");
    const usage = isObject(total) ? total : readField(from, "usage");
    const inputTokens = count(readField(usage, "inputTokens"));
    const outputTokens = count(readField(usage, "outputTokens"));
    if (inputTokens === undefined && outputTokens === undefined) return;
    const model = name(readField(readField(from, "response"), "modelId"));
    const id = name(readField(agent, "id"));
    const { aspects } = this.#budget ?? {};
    const report = { ...this.#at, agent: id, model, aspects, inputTokens, outputTokens };
    this.#emit({ type: "TokenUsageReported", ...report });
    this.#used += tokensOf(report);
    this.#checkBudget();
  }

  #checkBudget(): void {
    const { perTask, onExceeded: action } = this.#budget?.tokens ?? {};
    if (perTask === undefined || this.#used <= perTask || !action || this.#isExceeded) return;
    this.#isExceeded = true;
    const { nodeId, iteration } = this.#context;
    const breach = { budget: "tokens", of: "task", used: this.#used, limit: perTask, action } as const;
    this.#emit({ type: "BudgetExceeded", nodeId, iteration, ...breach });
    if (action === "fail") throw budgetError(nodeId, breach);
  }

  /** Reports what an agent is asked. */
  prompted(agent: string, prompt: string): void {
    this.#emit({ type: "AgentPrompted", ...this.#at, agent, prompt: cutText(prompt, maxPromptBytes) });
  }

  /** Reports that an agent of the chain has failed. */
  failed(agent: string, error: ErrorRecord): void {
    this.#emit({ type: "AgentFailed", ...this.#at, agent, error });
  }

  /** Reports the conversation that an agent has begun, or continues under another id. */
  session(agent: string, sessionId: string): void {
    this.#emit({ type: "AgentSessionStarted", ...this.#at, agent, sessionId });
  }

  get #at() {
    const { nodeId, iteration, attempt } = this.#context;
    return { nodeId, iteration, attempt };
  }
}

const count = (value: unknown) => (typeof value === "number" && Number.isFinite(value) ? value : undefined);
const name = (value: unknown) => (typeof value === "string" && value !== "" ? value : undefined);

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

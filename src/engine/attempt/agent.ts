import { z } from "zod";
import { isSmithersError, readField, SmithersError, type SmithersErrorOptions } from "../../errors/index.ts";
import { type Agent, type AgentSpec, type HostNode, promptText, type TaskContext } from "../../jsx/index.ts";
import type { NewEvent } from "../../model/index.ts";
import { recordThrown } from "../thrown.ts";
import { readAnswer } from "./agent-answer.ts";
import { AgentReports } from "./agent-reports.ts";
import { allowedOptions } from "./agent-tools.ts";
import type { AgentBudget } from "./budget.ts";
import { type Refusal, refusalIn } from "./refusal.ts";
import { refusesRetry } from "./retryable.ts";

/** How much of an answer that does not fit is sent back, in characters. */
const maxReturnedLength = 20_000;

/** What a chain of agents says about the limits of its providers. */
export interface ChainRefusal extends Refusal {
  /** Whether every agent of the chain was refused. */
  readonly isWhole: boolean;
}

/** No agent of a chain has given a valid answer. */
export class AgentsFailed extends SmithersError {
  // Private, for loggers and inspectors print an error's own fields next to its message.
  readonly #refusal: ChainRefusal | undefined;

  constructor(problem: string, refusal: ChainRefusal | undefined, options: SmithersErrorOptions) {
    super(refusal?.isWhole ? "QUOTA_EXCEEDED" : "AGENT_FAILED", problem, options);
    this.#refusal = refusal;
  }

  /**
   * How the providers have refused because of a limit, with the earliest time that is known; undefined when none has, or
   * `thrown` is not of this class. Reads no property of such a value: it may be a revoked proxy.
   */
  static refusalOf(thrown: unknown): ChainRefusal | undefined {
    return typeof thrown === "object" && thrown !== null && #refusal in thrown ? thrown.#refusal : undefined;
  }
}

/** What an agent's work takes from its attempt. */
export interface AgentSurroundings {
  readonly context: TaskContext;
  /** Receives token usage, and what agents report while they work. */
  emit(event: NewEvent): void;
  /** Runs a validation, whose time is not the agent's. */
  validate<T>(work: () => Promise<T>): Promise<T>;
  /** The conversation that an agent of this node had in an earlier attempt. */
  sessionOf(agent: string): Promise<string | undefined>;
  /** The budget of the Aspects around the task. */
  budget(): Promise<AgentBudget | undefined>;
}

/**
 * Asks the task's agents in order until one gives an answer that fits the output's schema.
 * @throws {@link AgentsFailed} with the error of each agent; it is not retryable when every one of them refuses a
 *   retry. Its code is QUOTA_EXCEEDED when all were refused because of a limit.
 */
export async function executeAgent(
  spec: AgentSpec,
  prompt: readonly HostNode[],
  deps: unknown,
  surroundings: AgentSurroundings,
): Promise<unknown> {
  const { context, emit } = surroundings;
  const text = spec.prompt ? await spec.prompt(deps ?? {}) : promptText(prompt);
  if (text === "") throw new SmithersError("INVALID_WORKFLOW", `<Task id="${spec.id}">: the prompt is empty.`);
  const reports = new AgentReports(context, emit, await surroundings.budget());
  const failures: { agent: string; code: string; message: string; details?: unknown }[] = [];
  const refusals: Refusal[] = [];
  let retryable = false;
  let last: unknown;
  for (const [index, agent] of spec.agents.entries()) {
    context.signal.throwIfAborted();
    const id = readField(agent, "id");
    const name = typeof id === "string" && id !== "" ? id : `agent ${index + 1}`;
    try {
      const session = await surroundings.sessionOf(name);
      return await ask({ agent, name, session }, text, spec, surroundings, reports);
    } catch (error) {
      context.signal.throwIfAborted();
      if (isSmithersError(error) && error.code === "BUDGET_EXCEEDED") throw error;
      reports.usage(error, agent);
      retryable ||= !refusesRetry(error);
      const refusal = refusalIn(error, Date.now());
      if (refusal) refusals.push(refusal);
      const recorded = recordThrown(error, context.rootDir, "AGENT_FAILED").error;
      reports.failed(name, recorded);
      failures.push({ agent: name, ...recorded });
      last = error;
    }
  }
  const isWhole = refusals.length === failures.length;
  const refusal = refusals.length === 0 ? undefined : { ...soonest(refusals), isWhole };
  const message = isWhole
    ? `The providers of the agents of "${spec.id}" refuse: ${failures.at(-1)!.message}`
    : `No agent of "${spec.id}" gave a valid answer: ${failures.at(-1)!.message}`;
  const failed = new AgentsFailed(message, refusal, { details: { failures }, cause: last });
  throw retryable ? failed : Object.assign(failed, { retryable });
}

/** The refusal that ends first, as far as the providers say when. */
function soonest(refusals: readonly Refusal[]): Refusal {
  const known = refusals.flatMap(({ retryAfterMs }) => retryAfterMs ?? []);
  return { retryAfterMs: known.length === 0 ? undefined : Math.min(...known) };
}

/** An agent of a chain, and the conversation that it continues. */
interface Asked {
  readonly agent: Agent;
  readonly name: string;
  session: string | undefined;
}

async function ask(
  asked: Asked,
  text: string,
  spec: AgentSpec,
  { context, validate }: AgentSurroundings,
  reports: AgentReports,
): Promise<unknown> {
  const { schema } = spec.result ?? spec.output;
  const jsonSchema = z.toJSONSchema(schema, { unrepresentable: "any", io: "input" });
  const { agent, name } = asked;
  const allowed = allowedOptions(agent, context.allowedTools);
  const whole = `${text}\n\nAnswer with one JSON value, and nothing else, that fits this JSON Schema:\n${JSON.stringify(jsonSchema)}`;
  let prompt = whole;
  const onSession = (sessionId: unknown) => {
    if (typeof sessionId !== "string" || sessionId === "" || sessionId === asked.session) return;
    asked.session = sessionId;
    reports.session(name, sessionId);
  };
  for (let repair = 0; ; repair += 1) {
    const options = {
      prompt,
      abortSignal: context.signal,
      outputSchema: schema,
      jsonSchema,
      session: asked.session,
      onSession,
      ...allowed,
      ...reports.callbacks,
    };
    reports.prompted(name, prompt);
    const answer = await answerIn(agent.generate(options));
    context.heartbeat();
    reports.usage(answer, agent);
    const reading = await validate(() => readAnswer(schema, answer));
    if (reading.fits) return reading.value;
    if (repair >= spec.maxRepairs) {
      throw new SmithersError("INVALID_OUTPUT", `The answer does not fit "${spec.output.key}": ${reading.reason}.`);
    }
    const returned = reading.text.slice(0, maxReturnedLength);
    prompt = `${whole}\n\nYour last answer was:\n${returned}\n\nIt does not fit: ${reading.reason}.\nAnswer again with the whole JSON value.`;
  }
}

/** Returns what an AI SDK agent with its own `output` throws when the model's text does not fit: that is an answer too. */
async function answerIn(answer: unknown): Promise<unknown> {
  try {
    return await answer;
  } catch (error) {
    if (readField(error, "name") === "AI_NoObjectGeneratedError" && readField(error, "text") !== undefined)
      return error;
    throw error;
  }
}

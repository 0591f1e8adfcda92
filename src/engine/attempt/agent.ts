import { z } from "zod";
import { readField, SmithersError } from "../../errors/index.ts";
import { type Agent, type AgentSpec, type HostNode, promptText, type TaskContext } from "../../jsx/index.ts";
import type { NewEvent } from "../../model/index.ts";
import { recordThrown } from "../thrown.ts";
import { readAnswer } from "./agent-answer.ts";
import { AgentReports } from "./agent-reports.ts";
import { refusesRetry } from "./retryable.ts";

/** How often an answer that does not fit is sent back to the agent. */
const maxRepairs = 2;
/** How much of an answer that does not fit is sent back, in characters. */
const maxReturnedLength = 20_000;

/** What an agent's work takes from its attempt. */
export interface AgentSurroundings {
  readonly context: TaskContext;
  /** Receives token usage, and what agents report while they work. */
  emit(event: NewEvent): void;
  /** Runs a validation, whose time is not the agent's. */
  validate<T>(work: () => Promise<T>): Promise<T>;
}

/**
 * Asks the task's agents in order until one gives an answer that fits the output's schema.
 * @throws AGENT_FAILED with the error of each agent; it is not retryable when every one of them refuses a retry
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
  const reports = new AgentReports(context, emit);
  const failures: { agent?: string; code: string; message: string; details?: unknown }[] = [];
  let retryable = false;
  let last: unknown;
  for (const agent of spec.agents) {
    context.signal.throwIfAborted();
    try {
      return await ask(agent, text, spec, surroundings, reports);
    } catch (error) {
      context.signal.throwIfAborted();
      reports.usage(error, agent);
      retryable ||= !refusesRetry(error);
      const id = readField(agent, "id");
      failures.push({
        ...(typeof id === "string" ? { agent: id } : {}),
        ...recordThrown(error, context.rootDir, "AGENT_FAILED").error,
      });
      last = error;
    }
  }
  const message = `No agent of "${spec.id}" gave a valid answer: ${failures.at(-1)!.message}`;
  const failed = new SmithersError("AGENT_FAILED", message, { details: { failures }, cause: last });
  throw retryable ? failed : Object.assign(failed, { retryable });
}

async function ask(
  agent: Agent,
  text: string,
  spec: AgentSpec,
  { context, validate }: AgentSurroundings,
  reports: AgentReports,
): Promise<unknown> {
  const { schema } = spec.output;
  const jsonSchema = z.toJSONSchema(schema, { unrepresentable: "any", io: "input" });
  const asked = `${text}\n\nAnswer with one JSON value, and nothing else, that fits this JSON Schema:\n${JSON.stringify(jsonSchema)}`;
  let prompt = asked;
  for (let repair = 0; ; repair += 1) {
    const options = { prompt, abortSignal: context.signal, outputSchema: schema, jsonSchema, ...reports.callbacks };
    const answer = await answerIn(agent.generate(options));
    context.heartbeat();
    reports.usage(answer, agent);
    const reading = await validate(() => readAnswer(schema, answer));
    if (reading.fits) return reading.value;
    if (repair === maxRepairs) {
      throw new SmithersError("INVALID_OUTPUT", `The answer does not fit "${spec.output.key}": ${reading.reason}.`);
    }
    const returned = reading.text.slice(0, maxReturnedLength);
    prompt = `${asked}\n\nYour last answer was:\n${returned}\n\nIt does not fit: ${reading.reason}.\nAnswer again with the whole JSON value.`;
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

import { z } from "zod";
import { SmithersError, toErrorRecord } from "../../errors/index.ts";
import { type Agent, type AgentSpec, type HostNode, type TaskContext, textOf } from "../../jsx/index.ts";
import { plainIssues, summary } from "../../model/index.ts";

/** How often an answer that does not fit goes back to the agent. */
const maxRepairs = 2;

/**
 * Asks the task's agents in order until one gives an answer that fits the output's schema.
 * @throws AGENT_FAILED with what each agent said
 */
export async function executeAgent(
  spec: AgentSpec,
  prompt: readonly HostNode[],
  deps: unknown,
  context: TaskContext,
): Promise<unknown> {
  const text = spec.prompt ? String(await spec.prompt(deps)) : textOf(prompt).trim();
  const failures: unknown[] = [];
  for (const agent of spec.agents) {
    context.signal.throwIfAborted();
    try {
      return await ask(agent, text, spec, context);
    } catch (error) {
      context.signal.throwIfAborted();
      failures.push(toErrorRecord(error, "AGENT_FAILED"));
    }
  }
  const last = failures.at(-1) as { message: string };
  throw new SmithersError("AGENT_FAILED", `No agent of "${spec.id}" gave a usable answer: ${last.message}`, {
    details: { failures },
  });
}

async function ask(agent: Agent, text: string, spec: AgentSpec, context: TaskContext): Promise<unknown> {
  const outputSchema = z.toJSONSchema(spec.output.schema, { unrepresentable: "any", io: "input" });
  let prompt = `${text}\n\nAnswer with one JSON value, and nothing else, that fits this JSON Schema:\n${JSON.stringify(outputSchema)}`;
  for (let repair = 0; ; repair += 1) {
    const answer: unknown = await agent.generate({ prompt, abortSignal: context.signal, outputSchema });
    context.heartbeat();
    const checked = await check(spec.output.schema, answer);
    if (checked.fits) return checked.value;
    if (repair === maxRepairs) throw new SmithersError("INVALID_OUTPUT", checked.reason);
    prompt = `${prompt}\n\nThe answer did not fit: ${checked.reason}\nAnswer again with the whole JSON value.`;
  }
}

type Checked = { fits: true; value: unknown } | { fits: false; reason: string };

async function check(schema: z.ZodType, answer: unknown): Promise<Checked> {
  const value = answerValue(answer);
  if (value === undefined) return { fits: false, reason: "it holds no JSON value." };
  const parsed = await schema.safeParseAsync(value);
  return parsed.success ? { fits: true, value } : { fits: false, reason: summary(plainIssues(parsed.error)) };
}

/** Agents answer with a structured `output` or `object`, with `text`, or with a bare value. */
function answerValue(answer: unknown): unknown {
  if (typeof answer === "string") return jsonIn(answer);
  if (typeof answer !== "object" || answer === null) return answer;
  for (const field of ["output", "object"] as const) {
    const value = read(answer, field);
    if (typeof value === "object" && value !== null) return value;
  }
  const text = read(answer, "text");
  return typeof text === "string" ? jsonIn(text) : answer;
}

/** The AI SDK's `output` is a getter that throws when no structured output was asked for. */
function read(answer: object, field: string): unknown {
  try {
    return (answer as Record<string, unknown>)[field];
  } catch {
    return undefined;
  }
}

function jsonIn(text: string): unknown {
  const fenced = /```(?:json)?\s*([\s\S]*?)```/.exec(text)?.[1];
  const from = text.search(/[[{]/);
  const to = Math.max(text.lastIndexOf("}"), text.lastIndexOf("]"));
  for (const candidate of [text, fenced, from >= 0 ? text.slice(from, to + 1) : undefined]) {
    if (candidate === undefined) continue;
    try {
      return JSON.parse(candidate);
    } catch {
      // The next candidate may be JSON.
    }
  }
  return undefined;
}

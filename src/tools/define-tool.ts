import type { z } from "zod";
import { SmithersError } from "../errors/index.ts";
import { callTool, parseInput, type ToolContext, type ToolTraits } from "./call.ts";

/** What the AI SDK passes to `execute` after the input, as far as tools use it. */
export interface ToolCallOptions {
  readonly abortSignal?: AbortSignal;
}

/** The parts of a tool of the AI SDK. `S` is the schema of its input, `R` the type of its result. */
export interface ToolParts<S extends z.ZodType, R> {
  readonly description: string;
  readonly inputSchema: S;
  /** Called by an agent, with an input that fits the schema. */
  execute(input: z.output<S>, options?: ToolCallOptions): Promise<R>;
}

/** A plain async function that is also a tool of the AI SDK. */
export interface Tool<S extends z.ZodType, R> extends ToolParts<S, R> {
  /** @throws INVALID_INPUT, TOOL_NOT_ALLOWED, and what the tool's own code throws */
  (input: z.input<S>): Promise<R>;
}

export interface ToolDefinition<S extends z.ZodType, R> extends ToolTraits {
  /** What the tool does and when to use it, for a model. */
  readonly description: string;
  /** Schema of the input. Its descriptions go to the model too. */
  readonly schema: S;
  execute(input: z.output<S>, context: ToolContext): R | Promise<R>;
}

/**
 * Makes a tool that the code of a task can call, and an agent too.
 *
 * Each call inside a run is recorded before `execute` begins. A tool with `sideEffect: true` that is not
 * `idempotent` is called again with its attempt, and a warning is logged; let it pass
 * `context.idempotencyKey` to a service that deduplicates.
 *
 * @throws INVALID_OPTIONS when the definition lacks something
 * @example
 * const charge = defineTool({
 *   name: "charge",
 *   description: "Charges a customer's card.",
 *   schema: z.object({ customer: z.string(), cents: z.number().int() }),
 *   sideEffect: true,
 *   execute: ({ customer, cents }, { idempotencyKey }) => payments.charge(customer, cents, { idempotencyKey }),
 * });
 * await charge({ customer: "c1", cents: 250 });
 */
export function defineTool<S extends z.ZodType, R>(definition: ToolDefinition<S, R>): Tool<S, R> {
  check(definition);
  const { name, description, schema } = definition;
  const execute = (input: z.output<S>, options?: ToolCallOptions) =>
    callTool(definition, input, options?.abortSignal, (context) => definition.execute(input, context));
  const call = async (input: z.input<S>) => execute(parseInput(name, schema, input));
  return asTool(name, call, { description, inputSchema: schema, execute });
}

/** Adds the parts of a tool to a function. */
export function asTool<F extends (...args: never[]) => unknown, P extends object>(name: string, call: F, parts: P) {
  Object.defineProperty(call, "name", { value: name });
  return Object.assign(call, parts);
}

const namePattern = /^[A-Za-z0-9_-]{1,64}$/;

function check({ name, description, schema, execute }: ToolDefinition<z.ZodType, unknown>): void {
  if (typeof name !== "string" || !namePattern.test(name)) {
    refuse("its name must be 1 to 64 letters, digits, _ and -");
  }
  if (typeof description !== "string" || description.trim() === "") refuse(`"${name}" needs a description`);
  if (typeof schema?.safeParse !== "function") refuse(`"${name}" needs a Zod schema`);
  if (typeof execute !== "function") refuse(`"${name}" needs an execute function`);
}

function refuse(what: string): never {
  throw new SmithersError("INVALID_OPTIONS", `defineTool: ${what}.`);
}

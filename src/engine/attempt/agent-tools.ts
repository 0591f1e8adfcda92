import { readField } from "../../errors/index.ts";

interface AllowedOptions {
  /** The names of the only tools that may be called. */
  readonly allowTools?: readonly string[];
  /** The agent's own tools, without those that may not be called. */
  readonly tools?: Readonly<Record<string, unknown>>;
}

/**
 * The options of `generate` that confine an agent to the tools that its task allows. An agent of the AI SDK tells its
 * tools and takes others in their place, so tools that are not made by this package are kept out too.
 */
export function allowedOptions(agent: unknown, allowed: ReadonlySet<string> | undefined): AllowedOptions {
  if (!allowed) return {};
  const allowTools = [...allowed];
  const tools = readField(agent, "tools");
  if (typeof tools !== "object" || tools === null || Array.isArray(tools)) return { allowTools };
  // An agent may know a tool of this package under another name; each call checks the tool's own.
  const isAllowed = ([name, tool]: [string, unknown]) =>
    allowed.has(name) || allowed.has(String(readField(tool, "name")));
  return { allowTools, tools: Object.fromEntries(Object.entries(tools).filter(isAllowed)) };
}

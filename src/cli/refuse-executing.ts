import { usageError } from "./errors.ts";
import { type ToolOptions, toolFlags } from "./options.ts";

/** A server executes the run with its own root, network and tools, so these options would have no effect. */
export function refuseExecuting({ root, ...tools }: ToolOptions & { readonly root?: string }): void {
  const flags = toolFlags(tools).filter((word) => word.startsWith("--"));
  const given = [...(root === undefined ? [] : ["--root"]), ...new Set(flags)];
  if (given.length === 0) return;
  throw usageError(
    `${given.join(" and ")} cannot be used with --url: the server executes the run with its own settings. Leave it out, or use --db.`,
  );
}

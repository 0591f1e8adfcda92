import { SmithersError } from "../../errors/index.ts";
import type { Workflow } from "../../jsx/index.ts";
import { plainIssues, summary } from "../../model/index.ts";

/**
 * A run's input as it is stored: validated by the workflow's own `input` schema, with its defaults.
 * @throws INVALID_INPUT with the Zod issues
 */
export async function toInput(workflow: Workflow, given: unknown): Promise<unknown> {
  const schema = workflow.registry.inputSchema;
  const value = given ?? {};
  const parsed = schema ? await schema.safeParseAsync(value) : { success: true as const, data: value };
  if (!parsed.success) {
    const issues = plainIssues(parsed.error);
    throw new SmithersError("INVALID_INPUT", `The input does not fit: ${summary(issues)}.`, { details: { issues } });
  }
  try {
    return JSON.parse(JSON.stringify(parsed.data));
  } catch (cause) {
    throw new SmithersError("INVALID_INPUT", "The input is no JSON.", { cause });
  }
}

import { relative, sep } from "node:path";
import { framesOf } from "../containment/index.ts";
import { describeThrown, isError, isSmithersError, messageOf, readField, SmithersError } from "../errors/index.ts";
import { insteadOfEntry, insteadOfName } from "../jsx/index.ts";
import { runtime, type SourceProblem } from "../runtime/index.ts";

/** Creates the WORKFLOW_INVALID error of a problem; file names are relative to the root. */
export function invalidWorkflow(rootDir: string, problem: SourceProblem, cause?: unknown): SmithersError {
  const file = relative(rootDir, problem.file).split(sep).join("/");
  const message = inOwnWords(problem.message)
    .replaceAll(rootDir + sep, "")
    .replaceAll(rootDir, ".")
    .replace(/\.$/, "");
  const { line, column } = problem;
  const place = line === undefined ? file : `${file}:${line}${column === undefined ? "" : `:${column}`}`;
  return new SmithersError("WORKFLOW_INVALID", `${place}: ${message}.`, {
    details: { file, ...(line === undefined ? {} : { line }), ...(column === undefined ? {} : { column }), message },
    cause,
  });
}

const noWorkflowMessage = "The file has no workflow";

/**
 * Creates the WORKFLOW_INVALID error of a file that loads and has no workflow.
 * @param found its default export
 */
export function noWorkflow(rootDir: string, file: string, found: unknown): SmithersError {
  const kind = found === null ? "null" : `of type ${typeof found}`;
  const what = found === undefined || isEmptyModule(found) ? "" : `: its default export is ${kind}`;
  const message = `${noWorkflowMessage}${what}. Export the result of smithers(…) as the default export`;
  return invalidWorkflow(rootDir, { file, message });
}

/** Whether it stands for a file without an export: Bun gives such a file an empty object as its default export. */
function isEmptyModule(found: unknown): boolean {
  if (typeof found !== "object" || found === null || Reflect.ownKeys(found).length > 0) return false;
  const prototype = Object.getPrototypeOf(found);
  return prototype === Object.prototype || prototype === null;
}

/** Whether the error is that of {@link noWorkflow}. */
export function isNoWorkflow({ code, details }: SmithersError): boolean {
  const message = readField(details, "message");
  return code === "WORKFLOW_INVALID" && typeof message === "string" && message.startsWith(noWorkflowMessage);
}

/** Finds in an error's stack where it was thrown in one of `files`; if nowhere, returns the entry without a line. */
export function placeOf(thrown: unknown, entry: string, files: ReadonlySet<string>): SourceProblem {
  const described = describeThrown(thrown);
  const { name, stack = "" } = described;
  const message = messageAtImport(thrown, name);
  const at = framesOf(stack).find(({ file }) => files.has(file));
  return at ? { file: at.file, line: at.line, column: at.column, message } : { file: entry, message };
}

function messageAtImport(thrown: unknown, name: string): string {
  // The advice of WORKFLOW_INVALID follows.
  if (isSmithersError(thrown)) return thrown.problem;
  return isError(thrown) && name !== "Error" ? `${name}: ${messageOf(thrown)}` : messageOf(thrown);
}

/** A message about a name or an entry that only the published package has, with what to use instead. */
function inOwnWords(message: string): string {
  const name = runtime.missingExport(message);
  if (name !== undefined && message.includes("smithers-orchestrator")) {
    return `smithers-orchestrator has no export "${name}". ${insteadOfName(name)}`;
  }
  const entry = /Cannot find the package "smithers-orchestrator\/([^"]+)"/.exec(message)?.[1];
  if (entry === undefined) return message;
  return `smithers-orchestrator has no entry "${entry}". ${insteadOfEntry(entry)}`;
}

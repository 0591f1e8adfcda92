import { dirname, resolve } from "node:path";
import { SmithersError } from "../errors/index.ts";

/** Options of `runWorkflow` in the published package that would be ignored here, and what to use instead. */
const instead: Readonly<Record<string, string>> = {
  auth: "Give the workflow what it has to know of who starts it in input",
  cliAgentToolsDefault: "Say what a coding agent may use in the options of the agent; see docs/agents.md",
  config: "Give the workflow its settings in input",
  hot: "smithers up --hot continues with the edited workflow when its files change",
  initialOutputs: "Give the workflow what is already known in input",
  logDir: "A run's events are kept in the database, and onProgress is called with each of them",
  maxOutputBytes: "200 KB of what a command prints are kept; let a task return what is larger from a file",
  pauseSignal: "Use startServer: when it is closed, its runs continue at its next start",
  toolTimeoutMs: "Give the call its own limit in the workflow: bash(command, { timeoutMs })",
  workflowPath: "Give the workflow's folder as rootDir",
};

/** @throws INVALID_OPTIONS when an option of the published package asks for what would not be done */
export function refusePublishedOptions(options: object): void {
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(instead, name) || asksForNothing(name, value, options)) continue;
    throw new SmithersError("INVALID_OPTIONS", `runWorkflow does not take the option ${name}. ${instead[name]}.`, {
      details: { option: name },
    });
  }
}

function asksForNothing(name: string, value: unknown, { rootDir }: { rootDir?: unknown }): boolean {
  if (value === undefined || value === null || value === false) return true;
  if (name === "cliAgentToolsDefault") return value === "all";
  // There it is also the folder when there is no other.
  if (name === "workflowPath") return rootDir !== undefined || dirname(resolve(String(value))) === process.cwd();
  return false;
}

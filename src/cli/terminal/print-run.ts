import type { NodeItem, RunDetail } from "../../api/index.ts";
import { manyLines, oneLine } from "../../text/printable.ts";
import type { CommandContext } from "../command.ts";
import type { Note } from "../notes/notes.ts";
import { atPlace } from "./event-line.ts";
import { clockTime, duration, stateWord } from "./format.ts";
import type { TerminalOutput } from "./output.ts";

/** Prints a run with its nodes, and notes about it. */
export async function printRun(
  context: CommandContext,
  run: RunDetail,
  nodes: readonly NodeItem[],
  notes: readonly Note[],
): Promise<void> {
  const { out } = context;
  const { runId, workflowName, runState, startedAtMs, finishedAtMs, error } = run;
  const nowMs = Date.now();
  const took =
    startedAtMs === null
      ? ""
      : `, ${finishedAtMs === null ? "for" : "took"} ${duration((finishedAtMs ?? nowMs) - startedAtMs)}`;
  printFields(out, [
    ["Run", runId],
    ["Workflow", oneLine(workflowName)],
    ["State", stateWord(out, run.status === "continued" ? run.status : runState.state)],
    ["Subflow", run.parentNodeId === undefined ? "" : `${oneLine(run.parentNodeId)} of ${run.parentRunId}`],
    ["Continues", run.continuedFrom ?? ""],
    ["Continued as", run.continuedAs ?? ""],
    ["Started", startedAtMs === null ? "" : `${clockTime(startedAtMs)}${took}`],
    [
      "Error",
      error
        ? `${error.code}${error.nodeId === undefined ? "" : ` in ${oneLine(error.nodeId)}`}${atPlace(error)}: ${manyLines(error.message)}`
        : "",
    ],
    ["Tokens", tokensText(run.tokenUsage)],
    ["Output", run.output === undefined ? "" : jsonText(run.output)],
  ]);
  if (nodes.length > 0) {
    out.line();
    await printNodes(out, nodes, nowMs);
  }
  for (const { text } of notes) out.line(`\n${oneLine(text)}`);
  if (runState.blocked || runState.unhealthy || error)
    out.say(`\nSee what to do next: ${context.commandLine("why", runId)}`);
}

/** Prints nodes as a table. */
async function printNodes(out: TerminalOutput, nodes: readonly NodeItem[], nowMs: number): Promise<void> {
  const rows = nodes.map((node) => ({
    node: oneLine(node.nodeId),
    iteration: node.iteration === 0 ? "" : String(node.iteration),
    state: stateWord(out, node.state),
    attempt: node.attempt > 1 ? String(node.attempt) : "",
    took: node.startedAtMs === null ? "" : duration((node.finishedAtMs ?? nowMs) - node.startedAtMs),
    result: oneLine(node.error?.message ?? outputText(node)),
  }));
  await out.table(
    [
      { name: "node" },
      { name: "iteration", title: "#", align: "right", drop: 3 },
      { name: "state" },
      { name: "attempt", title: "ATTEMPTS", align: "right", drop: 2 },
      { name: "took", align: "right", drop: 1 },
      { name: "result", flexible: true, drop: 4 },
    ],
    rows,
  );
}

/** Prints names and values; leaves out empty values. */
export function printFields(out: TerminalOutput, fields: readonly (readonly [name: string, value: string])[]): void {
  const shown = fields.filter(([, value]) => value !== "");
  const width = Math.max(...shown.map(([name]) => name.length)) + 2;
  for (const [name, value] of shown) {
    const [first, ...rest] = value.split("\n");
    out.line(`${out.style("bold", name.padEnd(width))}${first}`);
    for (const line of rest) out.line(`${" ".repeat(width)}${line}`);
  }
}

/** The tokens that agents have used, a line for each model. */
export function tokensText(usage: RunDetail["tokenUsage"]): string {
  const number = (count: number) => count.toLocaleString("en");
  return (usage ?? [])
    .map(({ model, inputTokens, outputTokens }) => {
      const name = model === null ? "an unknown model" : oneLine(model);
      return `${number(inputTokens)} in, ${number(outputTokens)} out of ${name}`;
    })
    .join("\n");
}

/** A value as text for people. */
export function jsonText(value: unknown): string {
  return manyLines(typeof value === "string" ? value : JSON.stringify(value, null, 2));
}

function outputText({ output, outputBytes }: NodeItem): string {
  if (outputBytes !== undefined) return `(${outputBytes} bytes)`;
  return output === null ? "" : JSON.stringify(output);
}

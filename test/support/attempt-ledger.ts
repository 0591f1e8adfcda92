import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { workflowFile } from "./workflows.ts";

/** A task that notes its begin and its end in a ledger next to its file, and waits for a file there that its input names. */
const head = `
const here = (name) => import.meta.dirname + "/" + name;
const work = async ({ runId, nodeId, attempt }, { gate, ms = 0 }) => {
  const at = [runId, nodeId, attempt].join(" ");
  appendFileSync(here("ledger"), "+ " + at + "\\n");
  if (gate) await fileAt(here(gate));
  if (ms) await new Promise((resolve) => setTimeout(resolve, ms));
  appendFileSync(here("ledger"), "- " + at + "\\n");
  return { value: nodeId };
};`;

/** A workflow with one task. */
export const oneTask = workflowFile(`<Task id="t" output={outputs.result}>{(task) => work(task, ctx.input)}</Task>`, {
  head,
});

/** A workflow with three tasks at once, and one after them. */
export const fanOut = workflowFile(
  `<Parallel>{["a", "b", "c"].map((id) => (
    <Task key={id} id={id} output={outputs.result}>{(task) => work(task, ctx.input)}</Task>
  ))}</Parallel>
  <Task id="last" output={outputs.result}>{(task) => work(task, {})}</Task>`,
  { head },
);

export interface LedgerLine {
  readonly isBegin: boolean;
  readonly runId: string;
  readonly nodeId: string;
  readonly attempt: number;
}

/** What the tasks of a folder's runs have noted. */
export function ledger(root: string, name = "ledger"): LedgerLine[] {
  const path = join(root, name);
  const lines = existsSync(path) ? readFileSync(path, "utf8").trim().split("\n") : [];
  return lines.filter(Boolean).map((line) => {
    const [sign, runId, nodeId, attempt] = line.split(" ");
    return { isBegin: sign === "+", runId: runId!, nodeId: nodeId!, attempt: Number(attempt) };
  });
}

export const begun = (root: string) => ledger(root).filter(({ isBegin }) => isBegin);

/** The greatest number of attempts that were in flight at once. */
export function mostAtOnce(root: string, name?: string): number {
  let now = 0;
  let most = 0;
  for (const { isBegin } of ledger(root, name)) {
    now += isBegin ? 1 : -1;
    most = Math.max(most, now);
  }
  return most;
}

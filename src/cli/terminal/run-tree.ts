import type { Node, NodeState } from "../../model/index.ts";
import { oneLine } from "../../text/printable.ts";
import { nameOf } from "./event-line.ts";
import { count, duration, stateWord } from "./format.ts";
import type { TerminalOutput } from "./output.ts";

const signs: Record<NodeState, string> = {
  pending: "○",
  "in-progress": "●",
  "waiting-approval": "?",
  "waiting-event": "…",
  "waiting-timer": "◷",
  finished: "✔",
  failed: "✖",
  cancelled: "■",
  skipped: "↷",
};
const styles: Partial<Record<NodeState, "green" | "red" | "cyan" | "yellow" | "magenta" | "dim">> = {
  pending: "dim",
  "in-progress": "cyan",
  "waiting-approval": "yellow",
  "waiting-event": "yellow",
  "waiting-timer": "yellow",
  finished: "green",
  failed: "red",
  cancelled: "magenta",
  skipped: "dim",
};

/** A line of the tree, and its weight when there is no room for all lines: those with 0 stay. */
export interface TreeLine {
  readonly text: string;
  readonly drop: number;
}

/**
 * A run's nodes as a tree in plan order, those of a loop below it. Each line has the state, the duration and the number
 * of failed attempts.
 */
export function runTreeLines(out: TerminalOutput, nodes: readonly Node[], nowMs: number): TreeLine[] {
  const lines: TreeLine[] = [];
  let loop: string | null = null;
  for (const node of nodes) {
    if (node.loopId !== null && node.loopId !== loop) lines.push(loopLine(out, node.loopId, nodes));
    loop = node.loopId;
    const indent = node.loopId === null ? "" : "  ";
    lines.push({ text: indent + nodeLine(out, node, nowMs), drop: dropOf(node) });
  }
  return lines;
}

function loopLine(out: TerminalOutput, loopId: string, nodes: readonly Node[]): TreeLine {
  const iterations = new Set(nodes.filter((node) => node.loopId === loopId).map(({ iteration }) => iteration)).size;
  return { text: `${out.styleNote("dim", "↻")} ${oneLine(loopId)}  ${count(iterations, "iteration")}`, drop: 0 };
}

function nodeLine(out: TerminalOutput, node: Node, nowMs: number): string {
  const { state, label, failures, lostAttempts, error, startedAtMs, finishedAtMs, wakeAtMs, awaits } = node;
  const style = styles[state];
  const sign = style ? out.styleNote(style, signs[state]) : signs[state];
  const name = label === null ? oneLine(nameOf(node)) : `${oneLine(nameOf(node))} (${oneLine(label)})`;
  const tries = failures + lostAttempts;
  const parts = [`${sign} ${name}`, stateWord(out, state, "said")];
  if (startedAtMs !== null && state !== "pending") parts.push(duration((finishedAtMs ?? nowMs) - startedAtMs));
  if (tries > 0) parts.push(out.styleNote("yellow", count(tries, "failed attempt")));
  if (state === "pending" && wakeAtMs !== null) parts.push(`retry in ${duration(Math.max(wakeAtMs - nowMs, 0))}`);
  if (state === "waiting-timer" && wakeAtMs !== null) parts.push(`fires in ${duration(Math.max(wakeAtMs - nowMs, 0))}`);
  if (state === "waiting-event" && awaits !== null) parts.push(oneLine(awaits));
  if (error && state !== "finished") parts.push(out.styleNote("red", oneLine(error.message)));
  return parts.join("  ");
}

function dropOf({ state, error }: Node): number {
  if (state === "finished" || state === "skipped") return 3;
  if (state === "pending" && !error) return 2;
  return state === "failed" ? 0 : 1;
}

/** The lines that matter most, as many as fit. When lines are left out, the last one says how many. */
export function fitToRows(lines: readonly TreeLine[], rows: number): string[] {
  if (lines.length <= rows) return lines.map(({ text }) => text);
  const room = Math.max(rows - 1, 0);
  const byWeight = lines.map((line, index) => ({ ...line, index }));
  // Among lines of equal weight, the lower ones are closer to what is running.
  byWeight.sort((a, b) => a.drop - b.drop || b.index - a.index);
  const kept = byWeight.slice(0, room).sort((a, b) => a.index - b.index);
  return [...kept.map(({ text }) => text), `… ${count(lines.length - kept.length, "more node")}`];
}

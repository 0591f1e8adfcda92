import { isDeepStrictEqual } from "node:util";
import { promptText } from "../../jsx/index.ts";
import type { Approval } from "../../model/index.ts";
import type { PlannedTask } from "../../plan/index.ts";
import { wellFormed } from "../../text/well-formed.ts";
import { answerSchemaOf } from "./data-schema.ts";

/** What a person is asked. A decision answers this, word for word, and nothing else. */
export type Question = Pick<Approval, "mode" | "label" | "title" | "summary" | "metadata" | "options" | "form">;

/** The question of an Approval, or of a task with `needsApproval`. */
export function questionOf(task: PlannedTask): Question {
  const { label, title, summary, ...rest } = writtenQuestion(task);
  // Stored as it is, it would be another question when it is read back.
  const stored = (text: string | null) => (text === null ? null : wellFormed(text));
  return { ...rest, label: stored(label), title: stored(title), summary: stored(summary) };
}

function writtenQuestion({ nodeId, spec, prompt }: PlannedTask): Question {
  const { label } = spec;
  if (spec.kind !== "approval") {
    const title = label ?? `Run ${nodeId}?`;
    return { mode: "approve", label, title, summary: null, metadata: null, options: null, form: null };
  }
  const { title, summary, metadata = null } = spec.request;
  if (spec.answer) {
    const form = { schema: answerSchemaOf(spec), maxAttempts: spec.answer.maxAttempts };
    return { mode: spec.mode, label, title, summary: promptText(prompt), metadata, options: null, form };
  }
  return {
    mode: spec.mode,
    label,
    title,
    summary,
    metadata,
    options: spec.options ? [...spec.options] : null,
    form: null,
  };
}

/** Whether a stored request asked exactly this question. */
export function hasAsked(approval: Question, question: Question): boolean {
  const { mode, label, title, summary, metadata, options, form } = approval;
  // What is stored went through JSON, which drops undefined and knows no Date.
  const asked = JSON.parse(JSON.stringify({ ...question }));
  return isDeepStrictEqual({ mode, label, title, summary, metadata, options, form }, asked);
}

/** Whether a person has said yes to the question that a task asks now. */
export function isGranted(approval: Approval | undefined, task: PlannedTask): boolean {
  return approval?.status === "granted" && hasAsked(approval, questionOf(task));
}

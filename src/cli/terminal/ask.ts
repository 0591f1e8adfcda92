import { isCancel, select, text } from "@clack/prompts";
import type { ApprovalItem } from "../../api/index.ts";
import { sampleOf } from "../../model/sample.ts";
import { manyLines, oneLine } from "../../text/printable.ts";
import { parseJsonText } from "../input/json-text.ts";

/** Asks which of several decisions is meant; undefined when the person leaves. */
export async function askWhich(waiting: readonly ApprovalItem[]): Promise<ApprovalItem | undefined> {
  const chosen = await select({
    message: "The run is waiting for several decisions. Which one?",
    options: waiting.map((approval, index) => ({
      value: index,
      label: oneLine(
        approval.iteration === 0 ? approval.nodeId : `${approval.nodeId}, iteration ${approval.iteration}`,
      ),
      hint: oneLine(approval.requestTitle ?? ""),
    })),
  });
  return isCancel(chosen) ? undefined : waiting[chosen];
}

/** Asks for an answer as JSON. What is not JSON is asked for again; whether it fits, the run finds out. */
async function askAnswer({ nodeId, requestTitle, requestSummary, dataSchema, lastError, lastAnswer }: ApprovalItem) {
  const question = requestSummary ?? requestTitle ?? nodeId;
  const about = lastError === undefined ? question : `${lastError.message}\n${question}`;
  const answer = await text({
    message: `${manyLines(about)}\nAnswer as JSON:`,
    initialValue: JSON.stringify(lastAnswer ?? sampleOf(dataSchema ?? {}) ?? {}),
    validate: (given) => {
      const read = parseJsonText(given ?? "");
      return "problem" in read ? `This is not valid JSON: ${read.problem}` : undefined;
    },
  });
  return isCancel(answer) ? undefined : { data: JSON.parse(answer) as unknown };
}

/** Asks for the option or the ranking that an approval needs; undefined when the person leaves. */
export async function askChoice(approval: ApprovalItem) {
  const { mode, nodeId, requestTitle, options } = approval;
  if (mode === "answer") return askAnswer(approval);
  const left = (options ?? []).map(({ key, label, summary }) => ({
    value: key,
    label: oneLine(label),
    ...(summary === null ? {} : { hint: oneLine(summary) }),
  }));
  const title = oneLine(requestTitle ?? nodeId);
  if (mode === "select") {
    const selected = await select({ message: title, options: left });
    return isCancel(selected) ? undefined : { selected };
  }
  const ranked: string[] = [];
  while (left.length > 1) {
    const message = ranked.length === 0 ? `${title} Which comes first?` : "Which comes next?";
    const next = await select({ message, options: left });
    if (isCancel(next)) return undefined;
    ranked.push(next);
    left.splice(
      left.findIndex(({ value }) => value === next),
      1,
    );
  }
  return { ranked: [...ranked, ...left.map(({ value }) => value)] };
}

import { isCancel, select } from "@clack/prompts";
import type { ApprovalItem } from "../../api/index.ts";
import { oneLine } from "../../text/printable.ts";

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

/** Asks for the option or the ranking that an approval needs; undefined when the person leaves. */
export async function askChoice({ mode, nodeId, requestTitle, options }: ApprovalItem) {
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

import type { SmithersApi } from "./create-smithers.ts";
import type { Schemas } from "./outputs.ts";

type Member = keyof SmithersApi<Schemas> & string;
type ComponentName = { [Name in Member]: Name extends Capitalize<Name> ? Name : never }[Member];

const names: Readonly<Record<ComponentName, true>> = {
  Workflow: true,
  Task: true,
  Sequence: true,
  Parallel: true,
  Branch: true,
  Loop: true,
  Ralph: true,
  MergeQueue: true,
  TryCatchFinally: true,
  Saga: true,
  Aspects: true,
  Subflow: true,
  ContinueAsNew: true,
  Approval: true,
  ApprovalGate: true,
  EscalationChain: true,
  HumanTask: true,
  Worktree: true,
  WaitForEvent: true,
  Signal: true,
  Timer: true,
};

const byTag = new Map(Object.keys(names).map((name) => [name.toLowerCase(), name]));

/**
 * The component that an element with a small first letter is probably meant to be. To React, such an element is one of a
 * page, or here of a prompt.
 */
export function componentMeantBy(tag: string): string | undefined {
  return byTag.get(tag.toLowerCase().replaceAll("-", ""));
}

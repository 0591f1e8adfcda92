import type { ReactElement, ReactNode } from "react";
import { z } from "zod";
import { useScope, WorktreeContext } from "../frame-context.ts";
import { describeOutput, type OutputSchema } from "../outputs.ts";
import { useMember } from "../parts.ts";
import { React } from "../react.ts";
import type { ComputeSpec, WorktreeSpec } from "../specs.ts";
import { checkId, checkText, refuse } from "./checks.ts";
import { leftOut } from "./left-out.ts";
import { checkProps, propNames } from "./props.ts";

export interface WorktreeProps {
  /** The node that removes the worktree is `<id>-cleanup`. Default: `worktree:<path>`. */
  id?: string;
  /** Its folder: below the run's root folder, such as `.worktrees/a`, or next to it, such as `../a`. */
  path: string;
  /** The branch that is checked out, which is made when there is none of this name. Default: none is checked out. */
  branch?: string;
  /** Where a new branch begins. Default: `main`; without `branch`, what the root folder has checked out. */
  baseBranch?: string;
  /** Omits the children. */
  skipIf?: boolean;
  children?: ReactNode;
}

const worktreeProps = propNames<WorktreeProps>({
  id: true,
  path: true,
  branch: true,
  baseBranch: true,
  skipIf: true,
  children: true,
});

/** A git worktree in which the tasks below work. It is removed after them, unless it has changes. */
export function Worktree(props: WorktreeProps): ReactElement | null {
  checkProps("Worktree", props, worktreeProps);
  useScope("<Worktree>");
  const { path, branch, baseBranch, skipIf = false, children } = props;
  if (typeof path !== "string" || path.trim() === "") refuse("<Worktree>", "path is required and must not be empty.");
  const id = props.id === undefined ? `worktree:${path}` : checkId("Worktree", props.id);
  const where = props.id === undefined ? "<Worktree>" : `<Worktree id="${id}">`;
  checkText(where, "path", path);
  checkName(where, "branch", branch);
  checkName(where, "baseBranch", baseBranch);
  const spec = React.useMemo<WorktreeSpec>(() => ({ path, branch, baseBranch }), [path, branch, baseBranch]);
  if (skipIf) return leftOut(children);
  return React.createElement(
    "smithers:worktree",
    { spec: { type: "sequence" }, shown: { id, path, branch, baseBranch } },
    React.createElement(
      WorktreeContext.Provider,
      { value: spec },
      React.createElement("smithers:sequence", { spec: { type: "sequence" }, shown: {} }, children),
    ),
    React.createElement(Cleanup, { id: `${id}-cleanup`, worktree: spec }),
  );
}

let output: OutputSchema | undefined;

/** Not a result of the run; see `isOwnOutput`. */
const cleanupOutput = () =>
  (output ??= describeOutput("worktree:cleanup", z.object({ removed: z.boolean(), reason: z.string().nullable() })));

/** Removes the worktree once everything in it is done. */
function Cleanup({ id, worktree }: { id: string; worktree: WorktreeSpec }): ReactElement {
  const spec: ComputeSpec = {
    type: "task",
    kind: "compute",
    id,
    label: `Remove the worktree ${worktree.path}`,
    output: cleanupOutput(),
    result: undefined,
    dependsOn: [],
    skipIf: false,
    continueOnFail: true,
    meta: undefined,
    needsApproval: false,
    deps: undefined,
    depsOptional: false,
    retry: { retries: 2, backoff: "exponential", initialDelayMs: 250 },
    timeoutMs: undefined,
    heartbeatTimeoutMs: undefined,
    cache: undefined,
    tools: undefined,
    worktree: undefined,
    run: () => undefined,
    removes: worktree,
  };
  useMember(spec);
  return React.createElement("smithers:worktree-cleanup", { spec, shown: { id } });
}

function checkName(where: string, prop: string, name: unknown): void {
  if (name === undefined) return;
  const isName =
    typeof name === "string" &&
    name.length <= 200 &&
    /^[^\s~^:?*[\\\p{Cc}]+$/u.test(name) &&
    !/^[-/.]|\.\.|@\{|\/\/|\/\.|[/.]$|\.lock(?:\/|$)/.test(name);
  if (!isName) refuse(where, `${prop} must be the name of a git branch; it is ${JSON.stringify(name)}.`);
}

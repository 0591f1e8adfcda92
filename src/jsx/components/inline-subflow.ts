import type { ReactElement } from "react";
import { SmithersError } from "../../errors/index.ts";
import { encode, plainIssues, summary } from "../../model/index.ts";
import { buildTree } from "../build-tree.ts";
import { createCtx } from "../ctx.ts";
import { FrameContext, LoopContext, useFrame } from "../frame-context.ts";
import { inlineScope } from "../inline.ts";
import { useMember } from "../parts.ts";
import { React } from "../react.ts";
import type { StaticSpec, SubflowSpec } from "../specs.ts";
import { absentValue, currentValue } from "../stored-output.ts";
import type { Workflow } from "../workflow.ts";
import { refuse } from "./checks.ts";
import { TryParts } from "./try-parts.ts";

interface InlineProps {
  spec: Omit<SubflowSpec, "kind" | "retry" | "timeoutMs">;
}

/** The tree of another workflow as part of this one, and then a node with its result. */
export function InlineSubflow({ spec }: InlineProps): ReactElement {
  const { prefix: outer } = useFrame("<Subflow>");
  const { id, workflow, dependsOn, continueOnFail, skipIf } = spec;
  const prefix = `${id}.`;
  const json = plainInput(id, spec.input);
  // The same object for every frame.
  const input = React.useMemo(
    () => (skipIf ? undefined : inputFor(workflow, id, JSON.parse(json))),
    [workflow, id, json, skipIf],
  );
  const tree = React.createElement(
    "smithers:subflow-tree",
    { spec: { type: "inline", prefix, dependsOn, input }, shown: {} },
    skipIf ? null : React.createElement(InlineTree, { workflow, prefix: outer + prefix, input }),
  );
  const parts = React.createElement(
    "smithers:subflow",
    { spec: { type: "sequence" }, shown: { id, mode: "inline" } },
    tree,
    React.createElement(InlineResult, { spec, prefix: outer + prefix }),
  );
  if (!continueOnFail) return parts;
  return React.createElement(TryParts, {
    component: "Subflow",
    tag: "smithers:subflow-tolerated",
    body: parts,
    handle: () => ({ handler: null, handled: true }),
    cleanup: null,
  });
}

function InlineTree({ workflow, prefix, input }: { workflow: Workflow; prefix: string; input: unknown }): ReactElement {
  const outer = useFrame("<Subflow>");
  const loop = React.useContext(LoopContext);
  const scope = React.useMemo(() => inlineScope(outer, workflow, prefix, input), [outer, workflow, prefix, input]);
  const ctx = createCtx(scope.view, scope.registry, scope.reads(), loop);
  return React.createElement(FrameContext.Provider, { value: scope }, buildTree(workflow, ctx));
}

/** Renders after the tree, whose nodes it asks for. */
function InlineResult({ spec, prefix }: InlineProps & { prefix: string }): ReactElement {
  const { root } = useFrame("<Subflow>");
  const key = `${prefix}output`;
  root.reads.rowsOf.add(key);
  const found = root.view.list(key).at(-1) ?? root.view.lastUnder(prefix);
  if (found?.value === absentValue) root.reads.absent.add(found);
  const value = found ? currentValue(found) : null;
  const result: StaticSpec = { ...resultSpec(spec), value };
  useMember(result);
  return React.createElement("smithers:task", { spec: result, shown: { id: spec.id, output: spec.output.key } });
}

const resultSpec = ({ id, label, output, skipIf, meta }: InlineProps["spec"]) =>
  ({
    type: "task",
    kind: "static",
    id,
    label,
    output,
    result: undefined,
    dependsOn: [],
    skipIf,
    continueOnFail: false,
    meta,
    needsApproval: false,
    deps: undefined,
    depsOptional: false,
    retry: { retries: 0, backoff: "fixed", initialDelayMs: 0 },
    timeoutMs: undefined,
    heartbeatTimeoutMs: undefined,
    cache: undefined,
    tools: undefined,
    worktree: undefined,
  }) as const;

function plainInput(id: string, given: unknown): string {
  return encode(given ?? {}, (reason, path) => {
    const where = path.length === 0 ? "input" : `input.${path.join(".")}`;
    return refuse(`<Subflow id="${id}">`, `${where} cannot be stored as JSON: ${reason}.`);
  });
}

/** @throws INVALID_INPUT */
function inputFor({ registry }: Workflow, id: string, value: unknown): unknown {
  const schema = registry.inputSchema;
  if (!schema) return value;
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issues = plainIssues(parsed.error);
  throw new SmithersError("INVALID_INPUT", `The input of the subflow "${id}" does not fit: ${summary(issues)}.`, {
    details: { nodeId: id, issues },
  });
}

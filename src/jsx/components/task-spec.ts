import type { ReactNode } from "react";
import { type Ctx, createCtx } from "../ctx.ts";
import type { FrameScope } from "../frame-context.ts";
import type { LoopScope } from "../loop-places.ts";
import type { OutputLookup } from "../outputs.ts";
import { renderPrompt } from "../prompt.ts";
import { withPromptProps } from "../prompt-props.ts";
import { React } from "../react.ts";
import type { Agent, DependencySpec, TaskSpec, WorktreeSpec } from "../specs.ts";
import { checkCount, checkDependencies, checkId, checkJson, checkMs, checkText, refuse } from "./checks.ts";
import { takesValue } from "./decision.ts";
import { checkFields } from "./props.ts";
import { resultSchema } from "./result-schema.ts";
import { retrySpec } from "./retry.ts";
import { heartbeatLimit, toolAccess } from "./task-limits.ts";
import type { AnyTaskProps, CachePolicy } from "./task-props.ts";

/** What the props of a task say, checked. */
export function taskSpec(
  props: AnyTaskProps,
  frame: FrameScope,
  scope: LoopScope | null,
  worktree: WorktreeSpec | undefined,
): TaskSpec {
  const { registry } = frame;
  const id = checkId("Task", props.id);
  const where = `<Task id="${id}">`;
  const deps = props.deps && dependencies(props.deps, props.needs ?? {}, registry, where);

  if (props.async && !props.needsApproval) {
    refuse(where, "async has an effect only with needsApproval; use a <Parallel> to run tasks at the same time.");
  }
  const output = registry.resolve(props.output, where);
  const result = resultSchema(props.outputSchema, output, registry, where);
  const work = {
    type: "task",
    id,
    label: checkText(where, "label", props.label),
    output,
    result,
    dependsOn: predecessors(props, deps, where),
    skipIf: props.skipIf ?? false,
    continueOnFail: props.continueOnFail ?? false,
    meta: checkJson(where, "meta", props.meta),
    needsApproval: props.needsApproval ?? false,
    async: props.async ?? false,
    deps,
    depsOptional: props.depsOptional ?? false,
    retry: retrySpec(props, where),
    timeoutMs: checkMs(where, "timeoutMs", props.timeoutMs),
    heartbeatTimeoutMs: heartbeatLimit(props, where),
    tools: toolAccess(props, where),
    worktree,
    cache: cacheSpec(props.cache ?? frame.cache, where, () => createCtx(frame.view, registry, frame.reads(), scope)),
  } as const;

  const { children } = props;
  const agents = agentChain(props, where);
  const maxRepairs = checkCount(where, "maxSchemaRetries", props.maxSchemaRetries, 0) ?? defaultMaxRepairs;
  if (agents) {
    if (children === undefined) refuse(where, "a task with an agent needs a prompt as its children.");
    const write = typeof children === "function" ? (children as (deps: unknown) => ReactNode) : undefined;
    const prompt =
      write &&
      (async (given: unknown) => renderPrompt(withPromptProps(await write(given), result ?? output), frame, scope));
    return { ...work, kind: "agent", agents, prompt, maxRepairs };
  }
  if (typeof children === "function") return { ...work, kind: "compute", run: children as (first: unknown) => unknown };
  if (children === undefined) refuse(where, "children are required: a value, a function, or a prompt with an agent.");
  if (React.isValidElement(children)) refuse(where, "children that are elements form a prompt, which needs an agent.");
  if (isProse(children) && !takesValue(output.schema, children)) {
    refuse(where, "children that are text form a prompt, which needs an agent; an output is an object.");
  }
  return { ...work, kind: "static", value: children };
}

/** Whether children are a text, or what JSX makes of a text with values in it: a list of texts and elements. */
function isProse(children: unknown): boolean {
  const parts: readonly unknown[] = Array.isArray(children) ? children : [children];
  return (
    parts.some((part) => typeof part === "string") &&
    parts.every((part) => part == null || typeof part !== "object" || React.isValidElement(part))
  );
}

const none: readonly string[] = [];

function predecessors(
  { dependsOn, needs }: AnyTaskProps,
  deps: Readonly<Record<string, DependencySpec>> | undefined,
  where: string,
): readonly string[] {
  // A tree of a thousand tasks is rendered again and again, and most tasks have no dependencies.
  if (dependsOn === undefined && needs === undefined && !deps) return none;
  const ids = new Set(checkDependencies(where, dependsOn, needs));
  for (const { nodeId } of Object.values(deps ?? {})) ids.add(nodeId);
  return [...ids];
}

function dependencies(
  deps: Record<string, unknown>,
  needs: Readonly<Record<string, string>>,
  registry: OutputLookup,
  where: string,
): Record<string, DependencySpec> {
  return Object.fromEntries(
    Object.entries(deps).map(([name, target]) => [
      name,
      {
        nodeId: Object.hasOwn(needs, name) ? needs[name]! : name,
        output: registry.resolve(target, `${where} deps.${name}`),
      },
    ]),
  );
}

function cacheSpec(
  cache: boolean | CachePolicy,
  where: string,
  ctx: () => Ctx,
): { by: unknown; version: string } | undefined {
  if (cache === false) return undefined;
  checkFields<Required<CachePolicy>>(where, "cache", cache, { by: true, version: true });
  if (cache === true) return { by: null, version: "" };
  const by = typeof cache.by === "function" ? cache.by(ctx()) : cache.by;
  return { by: checkJson(where, "cache.by", by) ?? null, version: cache.version ?? "" };
}

/** How often an answer that does not fit is returned to the agent, unless the task says otherwise. */
const defaultMaxRepairs = 2;

function agentChain(props: AnyTaskProps, where: string): readonly Agent[] | undefined {
  if (props.agent == null && props.fallbackAgent == null) return undefined;
  const agents = [props.agent ?? [], props.fallbackAgent ?? []].flat();
  if (agents.length === 0) refuse(where, "the array of agents is empty.");
  for (const agent of agents) {
    if (typeof agent?.generate !== "function") refuse(where, "an agent must have a generate() method.");
  }
  return agents;
}

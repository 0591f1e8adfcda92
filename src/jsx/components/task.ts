import type { ReactElement, ReactNode } from "react";
import type { z } from "zod";
import { type Ctx, createCtx } from "../ctx.ts";
import { type FrameScope, LoopContext, useFrame, WorktreeContext } from "../frame-context.ts";
import type { LoopScope } from "../loop-places.ts";
import type { OutputLookup, OutputRef, OutputSchema } from "../outputs.ts";
import { useMember } from "../parts.ts";
import { renderPrompt } from "../prompt.ts";
import { withPromptProps } from "../prompt-props.ts";
import { React } from "../react.ts";
import type { Agent, ComputeSpec, DependencySpec, RetrySpec, TaskSpec, ToolAccess, WorktreeSpec } from "../specs.ts";
import type { TaskContext } from "../task-context.ts";
import { checkCount, checkDependencies, checkId, checkJson, checkMs, checkOneOf, checkText, refuse } from "./checks.ts";
import type { Duration } from "./duration.ts";
import { checkFields, checkProps, type DidYouMean, propNames } from "./props.ts";
import { resultSchema } from "./result-schema.ts";
import { heartbeatLimit, toolAccess } from "./task-limits.ts";

/** Names an output: a reference, or one of the keys of `S`. */
export type OutputTarget<S = Record<string, unknown>> = (keyof S & string) | OutputRef;

type SchemaOf<S, O> = O extends keyof S ? S[O] : O;

/** The value of an output, as the author's code returns it. */
export type InputOf<S, O> = SchemaOf<S, O> extends z.ZodType ? z.input<SchemaOf<S, O>> : unknown;

/** The values that a task's function receives for its `deps`. */
type DepsOf<S, D> = {
  [K in keyof D]: SchemaOf<S, D[K]> extends z.ZodType ? z.output<SchemaOf<S, D[K]>> : unknown;
};

/** The values of `deps` when `depsOptional` may leave some of them out. */
type GivenDeps<S, D, Optional> = Optional extends true
  ? { [K in keyof DepsOf<S, D>]: DepsOf<S, D>[K] | undefined }
  : DepsOf<S, D>;

export interface RetryPolicy {
  /** How the delay grows from one retry to the next. Default: `exponential`. */
  backoff?: "exponential" | "linear" | "fixed";
  /** Delay before the first retry, in milliseconds. Default: 250. */
  initialDelayMs?: number;
}

export interface CachePolicy {
  /**
   * What the result depends on, in addition to the task's id and schema: any JSON, or a function of `ctx` that returns
   * it.
   */
  by?: ((ctx: Ctx) => unknown) | object | string | number | boolean | null;
  /** Change this to stop using earlier results. */
  version?: string;
}

interface TaskCommonProps<O> {
  id: string;
  /** The output whose schema validates the result. */
  output: O;
  /** Ids of tasks that must be done before this one. */
  dependsOn?: readonly string[];
  /** Node ids by name. These tasks must be done before this one, and `deps` with the same name read their outputs. */
  needs?: Readonly<Record<string, string>>;
  skipIf?: boolean;
  needsApproval?: boolean;
  /** With `needsApproval`: what follows and does not depend on this task does not wait for it. */
  async?: boolean;
  /** Time limit of one attempt, in milliseconds. */
  timeoutMs?: number;
  /** Maximum time between two calls of `heartbeat()`, in milliseconds. */
  heartbeatTimeoutMs?: number;
  /** `heartbeatTimeoutMs` under another name; it also takes a duration such as `30s`. */
  heartbeatTimeout?: number | Duration;
  /** Number of further attempts after one has failed. Default: 3. */
  retries?: number;
  /** Not a prop. Without this line the compiler would suggest `noRetry`, the opposite. */
  retry?: DidYouMean<"retries">;
  noRetry?: boolean;
  retryPolicy?: RetryPolicy;
  continueOnFail?: boolean;
  cache?: boolean | CachePolicy;
  /** Restricts the tools in this task further than the run does. */
  tools?: ToolAccess;
  /** Names of the only tools that may be called in this task, as in `tools.allow`. */
  allowTools?: readonly string[];
  /**
   * Schema of the result, if it is another one than the output's: an agent is asked for it, and what it makes of the
   * result must then fit the output's schema.
   */
  outputSchema?: z.ZodType;
  /** How often an agent's answer that does not fit is returned to the agent, in one attempt. Default: 2. */
  maxSchemaRetries?: number;
  label?: string;
  meta?: Record<string, unknown>;
}

interface PlainTaskProps<O, V> extends TaskCommonProps<O> {
  agent?: undefined;
  fallbackAgent?: undefined;
  deps?: undefined;
  depsOptional?: undefined;
  /** The value itself, or a function that computes it. */
  children: V | ((task: TaskContext) => V | Promise<V>);
}

interface TaskWithDepsProps<O, V, D, Values, Optional> extends TaskCommonProps<O> {
  agent?: undefined;
  fallbackAgent?: undefined;
  /** Outputs of other tasks by name. The name is the task's id, unless `needs` maps it to one. */
  deps: D;
  /**
   * Runs the task also when a node that `deps` names was skipped, or has failed with `continueOnFail`; its value is
   * undefined then. Default: the task is skipped.
   */
  depsOptional?: Optional;
  children: V | ((deps: Values, task: TaskContext) => V | Promise<V>);
}

interface AgentTaskProps<O, D, Values, Optional> extends TaskCommonProps<O> {
  /** An agent, or several that are tried in order until one answers. */
  agent: Agent | readonly Agent[];
  fallbackAgent?: Agent;
  deps?: D;
  /** Asks the agent also when a node that `deps` names has no output. */
  depsOptional?: Optional;
  /** The prompt. */
  children: ReactNode | ((deps: Values) => ReactNode);
}

/**
 * Task's signatures; `S` are the schemas that keys may name. Overloads, because the matching one decides what a
 * function among the children receives.
 */
export interface TaskComponent<S = Record<string, unknown>> {
  <O extends OutputTarget<S>, const D extends Record<string, OutputTarget<S>>, const P extends boolean = false>(
    props: TaskWithDepsProps<O, InputOf<S, O>, D, GivenDeps<S, D, P>, P>,
  ): ReactElement;
  <O extends OutputTarget<S>, const D extends Record<string, OutputTarget<S>>, const P extends boolean = false>(
    props: AgentTaskProps<O, D, GivenDeps<S, D, P>, P>,
  ): ReactElement;
  <O extends OutputTarget<S>>(props: PlainTaskProps<O, InputOf<S, O>>): ReactElement;
}

/** A step of a workflow: a value, a function or a prompt whose result is validated and stored once. */
export const Task: TaskComponent = (props: AnyTaskProps): ReactElement => {
  const frame = useFrame("<Task>");
  const kept = React.useRef<RenderedTask | null>(null);
  const worktree = React.use(WorktreeContext) ?? undefined;
  if (!kept.current || kept.current.worktree !== worktree || !updateTask(kept.current, props, frame)) {
    kept.current = renderTask(props, frame, worktree);
  }
  useMember(kept.current.spec);
  return kept.current.element;
};

type Writable<T> = { -readonly [Field in keyof T]: T[Field] };

/** What a Task has rendered. */
interface RenderedTask {
  props: AnyTaskProps;
  readonly frame: FrameScope;
  readonly worktree: WorktreeSpec | undefined;
  readonly spec: TaskSpec;
  readonly element: ReactElement;
}

function renderTask(props: AnyTaskProps, frame: FrameScope, worktree: WorktreeSpec | undefined): RenderedTask {
  checkProps("Task", props, taskProps);
  const spec = taskSpec(props, frame, React.use(LoopContext), worktree);
  const shown = shownProps(spec);
  const prompt = spec.kind === "agent" && spec.prompt === undefined ? (props.children as ReactNode) : undefined;
  const element = React.createElement("smithers:task", { spec, shown }, withPromptProps(prompt, resultOf(spec)));
  return { props, frame, worktree, spec, element };
}

/**
 * Takes over new props if they differ from those before only in the function or in the value of the task. Such a task
 * costs next to nothing: a tree of thousands is rendered again at each step, and in each rendering the author's code
 * creates all functions again.
 * @returns false when the task must be rendered again
 */
function updateTask(task: RenderedTask, props: AnyTaskProps, { registry, cache }: FrameScope): boolean {
  const { children } = props;
  const spec: Writable<TaskSpec> = task.spec;
  if (registry !== task.frame.registry || cache !== task.frame.cache) return false;
  // What a result is cached by may be a function of ctx.
  if (typeof props.cache === "object" || !haveSameProps(task.props, props)) return false;
  if (spec.kind === "compute" && typeof children === "function") spec.run = children as ComputeSpec["run"];
  else if (spec.kind === "static" && isLiteral(children)) spec.value = children;
  else return false;
  task.props = props;
  return true;
}

/** Whether all props but the children are the same; arrays and objects of plain values count as equal by their items. */
function haveSameProps(before: AnyTaskProps, after: AnyTaskProps): boolean {
  for (const name in after) {
    if (name === "children") continue;
    const [was, is] = [before[name as keyof AnyTaskProps], after[name as keyof AnyTaskProps]];
    if (was !== is && !hasSameItems(was, is)) return false;
  }
  for (const name in before) if (!(name in after)) return false;
  return true;
}

function hasSameItems(before: unknown, after: unknown): boolean {
  if (typeof before !== "object" || typeof after !== "object" || before === null || after === null) return false;
  if (Array.isArray(before) !== Array.isArray(after)) return false;
  const names = Object.keys(after);
  if (names.length !== Object.keys(before).length) return false;
  return names.every((name) => after[name as keyof typeof after] === before[name as keyof typeof before]);
}

function isLiteral(children: unknown): boolean {
  return children !== undefined && typeof children !== "function" && !React.isValidElement(children);
}

type AnyTaskProps = TaskCommonProps<unknown> & {
  agent?: Agent | readonly Agent[];
  fallbackAgent?: Agent;
  deps?: Record<string, unknown>;
  depsOptional?: boolean;
  children?: unknown;
};

const taskProps = propNames<Omit<AnyTaskProps, "retry">>({
  id: true,
  output: true,
  agent: true,
  fallbackAgent: true,
  dependsOn: true,
  needs: true,
  deps: true,
  depsOptional: true,
  skipIf: true,
  needsApproval: true,
  async: true,
  timeoutMs: true,
  heartbeatTimeoutMs: true,
  heartbeatTimeout: true,
  retries: true,
  noRetry: true,
  retryPolicy: true,
  continueOnFail: true,
  cache: true,
  tools: true,
  allowTools: true,
  outputSchema: true,
  maxSchemaRetries: true,
  label: true,
  meta: true,
  children: true,
});

const resultOf = (spec: TaskSpec): OutputSchema => ("result" in spec && spec.result) || spec.output;

function taskSpec(
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
    cache: cacheSpec(props.cache ?? frame.cache, where, () => createCtx(frame.view, registry, frame.reads, scope)),
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
  return { ...work, kind: "static", value: children };
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

const defaultRetry: RetrySpec = { retries: 3, backoff: "exponential", initialDelayMs: 250 };

export function retrySpec(props: Pick<AnyTaskProps, "retries" | "noRetry" | "retryPolicy">, where: string): RetrySpec {
  if (props.retries === undefined && !props.noRetry && !props.retryPolicy) return defaultRetry;
  checkFields<Required<RetryPolicy>>(where, "retryPolicy", props.retryPolicy, { backoff: true, initialDelayMs: true });
  const { backoff = defaultRetry.backoff, initialDelayMs = defaultRetry.initialDelayMs } = props.retryPolicy ?? {};
  const retries = checkCount(where, "retries", props.retries, 0) ?? defaultRetry.retries;
  checkOneOf(where, "retryPolicy.backoff", backoff, ["exponential", "linear", "fixed"]);
  checkMs(where, "retryPolicy.initialDelayMs", initialDelayMs);
  return { retries: props.noRetry ? 0 : retries, backoff, initialDelayMs };
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

function shownProps(spec: TaskSpec): Record<string, unknown> {
  const shown: Record<string, unknown> = { id: spec.id, output: spec.output.key, kind: spec.kind };
  if (spec.label !== null) shown.label = spec.label;
  if (spec.dependsOn.length > 0) shown.dependsOn = spec.dependsOn;
  if (spec.skipIf) shown.skipIf = true;
  if (spec.meta) shown.meta = spec.meta;
  return shown;
}

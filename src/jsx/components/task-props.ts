import type { ReactElement, ReactNode } from "react";
import type { z } from "zod";
import type { Ctx } from "../ctx.ts";
import type { OutputRef } from "../outputs.ts";
import type { Agent, ToolAccess } from "../specs.ts";
import type { TaskContext } from "../task-context.ts";
import type { Duration } from "./duration.ts";
import { type DidYouMean, propNames } from "./props.ts";
import type { RetryPolicy } from "./retry.ts";

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

/** The props of every kind of task. */
export type AnyTaskProps = TaskCommonProps<unknown> & {
  agent?: Agent | readonly Agent[];
  fallbackAgent?: Agent;
  deps?: Record<string, unknown>;
  depsOptional?: boolean;
  children?: unknown;
};

export const taskProps = propNames<Omit<AnyTaskProps, "retry">>({
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

import type { z } from "zod";
import type { ApprovalOption } from "../model/index.ts";
import type { OutputSchema } from "./outputs.ts";
import type { TaskContext } from "./task-context.ts";
import type { Workflow } from "./workflow.ts";

/** What a mounted component tells the planner and the engine. There is one shape per host tag. */
export type Spec =
  | WorkflowSpec
  | SequenceSpec
  | ParallelSpec
  | LoopSpec
  | TrySpec
  | HandlerSpec
  | LeftOutSpec
  | AspectsSpec
  | ContinueSpec
  | InlineSpec
  | TaskSpec;

export interface WorkflowSpec {
  readonly type: "workflow";
  readonly name: string;
  /** Default of `cache` for the tasks below. */
  readonly cache: boolean;
}

export interface SequenceSpec {
  readonly type: "sequence";
}

export interface ParallelSpec {
  readonly type: "parallel";
  /** Maximum number of concurrent attempts below this group; undefined for no limit. */
  readonly maxConcurrency: number | undefined;
}

export interface LoopSpec {
  readonly type: "loop";
  readonly id: string;
  readonly until: boolean;
  readonly maxIterations: number;
  readonly onMaxReached: "return-last" | "fail";
  /** After each of so many iterations, the run continues as a new one. */
  readonly continueAsNewEvery: number | undefined;
}

/** The tree of another workflow. */
export interface InlineSpec {
  readonly type: "inline";
  /** What the ids of its nodes begin with. */
  readonly prefix: string;
  /** Ids of nodes that must be done before any of it starts. */
  readonly dependsOn: readonly string[];
  readonly input: unknown;
}

/** Ends the run when its turn comes, and starts the run that continues it. */
export interface ContinueSpec {
  readonly type: "continue";
  /** JSON for the next run; undefined when there is none. */
  readonly payload: unknown;
}

/** Its children are the body, a {@link HandlerSpec} and the cleanup. */
export interface TrySpec {
  readonly type: "try";
}

/** What runs when the body has failed. */
export interface HandlerSpec {
  readonly type: "handler";
  /** Whether the failure ends here; otherwise it fails what is around, after the cleanup. */
  readonly handled: boolean;
}

/** Bounds on the tasks below. */
export interface AspectsSpec {
  readonly type: "aspects";
  readonly tokens: TokenBudget | undefined;
  readonly latency: LatencyBudget | undefined;
}

/** In tokens. */
export interface TokenBudget {
  readonly max: number;
  readonly perTask: number | undefined;
  readonly onExceeded: "fail" | "warn" | "skip-remaining";
}

/** In ms. */
export interface LatencyBudget {
  readonly max: number;
  readonly perTask: number | undefined;
  readonly onExceeded: "fail" | "warn";
}

/** Nodes that `skipIf` leaves out. */
export interface LeftOutSpec {
  readonly type: "left-out";
  /** Authored ids. */
  readonly ids: readonly string[];
}

export type TaskSpec = StaticSpec | ComputeSpec | AgentSpec | ApprovalSpec | EventSpec | TimerSpec | SubflowSpec;

interface NodeSpec {
  readonly type: "task";
  readonly id: string;
  readonly label: string | null;
  readonly output: OutputSchema;
  /** Ids of nodes that must have finished or been skipped before. */
  readonly dependsOn: readonly string[];
  readonly skipIf: boolean;
  readonly continueOnFail: boolean;
  readonly meta: Readonly<Record<string, unknown>> | undefined;
}

export interface RetrySpec {
  /** Number of further attempts after one has failed. */
  readonly retries: number;
  readonly backoff: "exponential" | "linear" | "fixed";
  readonly initialDelayMs: number;
}

/** The source of a dependency's value: a node, and the output that it stores. */
export interface DependencySpec {
  readonly nodeId: string;
  readonly output: OutputSchema | undefined;
}

interface WorkSpec extends NodeSpec {
  /** What a result must fit, if that is more than the output's schema; its hash is that of the further schema. */
  readonly result: OutputSchema | undefined;
  readonly needsApproval: boolean;
  /** What comes after it in a sequence, and does not depend on it, does not wait for it. */
  readonly async?: boolean;
  readonly deps: Readonly<Record<string, DependencySpec>> | undefined;
  /** Whether the task also runs when a node that `deps` names has no output. */
  readonly depsOptional: boolean;
  readonly retry: RetrySpec;
  readonly timeoutMs: number | undefined;
  readonly heartbeatTimeoutMs: number | undefined;
  readonly cache: { readonly by: unknown; readonly version: string } | undefined;
  readonly tools: ToolAccess | undefined;
  /** The worktree that it works in. */
  readonly worktree: WorktreeSpec | undefined;
}

/** A worktree of the repository around the run's root folder. */
export interface WorktreeSpec {
  /** Relative to the run's root folder, or absolute. */
  readonly path: string;
  /** The branch that is checked out; undefined for none. */
  readonly branch: string | undefined;
  /** Where a new branch begins; undefined for `main`, or without a branch for what the root folder has checked out. */
  readonly baseBranch: string | undefined;
}

/** Restrictions on a task's tools, in addition to those of the run. */
export interface ToolAccess {
  /** A folder below the run's `rootDir` that the tools are confined to. */
  rootDir?: string;
  /** `false` denies `bash` the network. */
  allowNetwork?: boolean;
  /** Names of the tools that may be called. Default: all. */
  allow?: readonly string[];
}

export interface StaticSpec extends WorkSpec {
  readonly kind: "static";
  readonly value: unknown;
}

/** With `deps`, the function receives their outputs as its first argument. */
export interface ComputeSpec extends WorkSpec {
  readonly kind: "compute";
  readonly run: (first: unknown, second?: TaskContext) => unknown;
  /** A worktree that is removed, in place of `run`. */
  readonly removes?: WorktreeSpec;
}

export interface AgentSpec extends WorkSpec {
  readonly kind: "agent";
  /** Tried in order until one answers. */
  readonly agents: readonly Agent[];
  /** Absent when the element's children render to the prompt. */
  readonly prompt: ((deps: unknown) => Promise<string>) | undefined;
  /** How often an answer that does not fit is returned to the agent, in one attempt. */
  readonly maxRepairs: number;
}

/**
 * Any object with the AI SDK's `generate`. It receives `prompt` (text), `abortSignal`, `outputSchema` (Zod),
 * `jsonSchema` (the same as JSON Schema), `allowTools` (the names of the only tools that the task may call, if it
 * restricts them), and the callbacks `onStepFinish(step)`, `onStdout(text)` and `onStderr(text)` to report progress. It
 * returns a structured `output` or `object`, or `text`, or the bare value; and `usage` or `totalUsage`.
 */
export interface Agent {
  /** Names it in events and errors; default: its place in the chain, such as `agent 2`. */
  readonly id?: string | undefined;
  /** Its tools, for its own use. */
  readonly tools?: object | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: agents differ in what else they take and give
  generate(options: any): Promise<any> | any;
}

export interface ApprovalSpec extends NodeSpec {
  readonly kind: "approval";
  readonly mode: "approve" | "select" | "rank" | "answer";
  /** With mode `answer`; the children of the element are the question. */
  readonly answer?: AnswerSpec;
  readonly request: { readonly title: string; readonly summary: string | null; readonly metadata: unknown };
  readonly options: readonly ApprovalOption[] | undefined;
  readonly onDeny: "fail" | "continue" | "skip";
  /** What comes after it in a sequence, and does not depend on it, does not wait for it. */
  readonly async?: boolean;
  /** Approved by the workflow itself; no person is asked. */
  readonly granted: boolean;
  readonly timeoutMs: number | undefined;
}

/** What a person is asked to answer. */
export interface AnswerSpec {
  /** What the answer must fit, if that is more than the output's schema. */
  readonly result: OutputSchema | undefined;
  /** How often the person is asked before the node fails. */
  readonly maxAttempts: number;
}

export interface EventSpec extends NodeSpec {
  readonly kind: "event";
  readonly event: string;
  readonly correlationId: string | null;
  /** Schema for the payload, if it is another one than the output's. Its result must fit the output's schema. */
  readonly payloadSchema: z.ZodType | undefined;
  readonly timeoutMs: number | undefined;
  readonly onTimeout: "fail" | "skip" | "continue";
  /** What comes after it in a sequence, and does not depend on it, does not wait for it. */
  readonly async: boolean;
}

export interface TimerSpec extends NodeSpec {
  readonly kind: "timer";
  readonly durationMs: number | undefined;
  readonly untilMs: number | undefined;
}

/** Another workflow, which has a run of its own. */
export interface SubflowSpec extends NodeSpec {
  readonly kind: "subflow";
  readonly workflow: Workflow;
  readonly input: unknown;
  readonly retry: RetrySpec;
  /** Time limit of one attempt. */
  readonly timeoutMs: number | undefined;
}

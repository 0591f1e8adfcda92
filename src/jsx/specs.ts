import type { z } from "zod";
import type { ApprovalOption } from "../model/index.ts";
import type { OutputSchema } from "./outputs.ts";
import type { TaskContext } from "./task-context.ts";

/** What a mounted component says to the planner and the engine. One shape per host tag. */
export type Spec = WorkflowSpec | SequenceSpec | ParallelSpec | LoopSpec | TaskSpec;

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
  /** Attempts running at once below this group; no limit when absent. */
  readonly maxConcurrency: number | undefined;
}

export interface LoopSpec {
  readonly type: "loop";
  readonly id: string;
  readonly until: boolean;
  readonly maxIterations: number;
  readonly onMaxReached: "return-last" | "fail";
}

export type TaskSpec = StaticSpec | ComputeSpec | AgentSpec | ApprovalSpec | EventSpec | TimerSpec;

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
  /** Attempts after the first that failed. */
  readonly retries: number;
  readonly backoff: "exponential" | "linear" | "fixed";
  readonly initialDelayMs: number;
}

/** A value of a dependency: which node it comes from, and as which output. */
export interface DependencySpec {
  readonly nodeId: string;
  readonly output: OutputSchema | undefined;
}

interface WorkSpec extends NodeSpec {
  readonly needsApproval: boolean;
  readonly deps: Readonly<Record<string, DependencySpec>> | undefined;
  readonly retry: RetrySpec;
  readonly timeoutMs: number | undefined;
  readonly heartbeatTimeoutMs: number | undefined;
  readonly cache: { readonly by: unknown; readonly version: string } | undefined;
  readonly tools: ToolAccess | undefined;
}

/** What a task's tools may do. It can only be less than what the run allows. */
export interface ToolAccess {
  /** A folder below the run's `rootDir`, which the tools are confined to. */
  rootDir?: string;
  /** `false` takes the network away from `bash`. */
  allowNetwork?: boolean;
  /** The names of the tools that may be called; any when absent. */
  allow?: readonly string[];
}

export interface StaticSpec extends WorkSpec {
  readonly kind: "static";
  readonly value: unknown;
}

/** With `deps` the function gets their outputs first. */
export interface ComputeSpec extends WorkSpec {
  readonly kind: "compute";
  readonly run: (first: unknown, second?: TaskContext) => unknown;
}

export interface AgentSpec extends WorkSpec {
  readonly kind: "agent";
  /** Asked in order until one answers. */
  readonly agents: readonly Agent[];
  /** Absent when the prompt is what the element's children render to. */
  readonly prompt: ((deps: unknown) => Promise<string>) | undefined;
}

/**
 * Anything with the AI SDK's `generate`. It is given `prompt` (text), `abortSignal`, `outputSchema` (JSON Schema), and
 * `onStepFinish(step)`, `onStdout(text)`, `onStderr(text)`, through which it may tell how it gets on. It answers with
 * a structured `output` or `object`, with `text`, or with the bare value; and with `usage` or `totalUsage`.
 */
export interface Agent {
  // biome-ignore lint/suspicious/noExplicitAny: agents differ in what else they take and give
  generate(options: any): Promise<any> | any;
}

export interface ApprovalSpec extends NodeSpec {
  readonly kind: "approval";
  readonly mode: "approve" | "select" | "rank";
  readonly request: { readonly title: string; readonly summary: string | null; readonly metadata: unknown };
  readonly options: readonly ApprovalOption[] | undefined;
  readonly onDeny: "fail" | "continue" | "skip";
  readonly timeoutMs: number | undefined;
}

export interface EventSpec extends NodeSpec {
  readonly kind: "event";
  readonly event: string;
  readonly correlationId: string | null;
  /** What the payload must fit before it must fit the output's schema, where that is another. */
  readonly payloadSchema: z.ZodType | undefined;
  readonly timeoutMs: number | undefined;
  readonly onTimeout: "fail" | "skip" | "continue";
}

export interface TimerSpec extends NodeSpec {
  readonly kind: "timer";
  readonly durationMs: number | undefined;
  readonly untilMs: number | undefined;
}

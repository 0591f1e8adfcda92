import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { z } from "zod";
import { markThrown } from "../containment/index.ts";
import { addCaller, SmithersError, toErrorRecord } from "../errors/index.ts";
import { currentTask, type FileRules, type TaskWorktree } from "../jsx/index.ts";
import { plainIssues, summary } from "../model/index.ts";
import type { Root } from "./confined.ts";

/** What a tool's code knows about its call. */
export interface ToolContext {
  readonly toolName: string;
  /**
   * Equal for this call in every attempt of the task, also after a resume: give it to services that
   * deduplicate. Outside a run it is different for each call.
   */
  readonly idempotencyKey: string;
  /** Aborted when the task ends, the run is cancelled, or the caller's own signal is aborted. */
  readonly signal: AbortSignal;
  /** The folder that tools are confined to; outside a run, the current folder. */
  readonly rootDir: string;
  readonly allowNetwork: boolean;
  /** Files that no tool may read or change. */
  readonly privatePaths: readonly string[];
  /** Undefined outside a run, like the next three. */
  readonly runId: string | undefined;
  readonly nodeId: string | undefined;
  readonly iteration: number | undefined;
  /** Number of the task's attempt, from 1. */
  readonly attempt: number | undefined;
  /** Reports that the task is alive; see `heartbeatTimeoutMs`. */
  heartbeat(data?: unknown): void;
  /** Emits text of the tool as NodeOutput events. */
  output(text: string, stream?: "stdout" | "stderr"): void;
}

/** A tool's context with what the package's own tools need in addition. */
export interface OwnToolContext extends ToolContext {
  readonly root: Root;
  readonly fileRules: FileRules;
  /** The worktree that the task works in. */
  readonly worktree: TaskWorktree | undefined;
}

/** The rules outside a run. */
const noRules: FileRules = { privatePaths: () => [], entries: [], readable: [], writable: [] };

/** Properties of a tool that matter for the record of its calls. */
export interface ToolTraits {
  readonly name: string;
  /** Whether it changes something outside the task's own result. Default: false. */
  readonly sideEffect?: boolean;
  /** Whether calling it twice has the effect of calling it once. Default: true without a side effect, otherwise false. */
  readonly idempotent?: boolean;
  /** Whether the run keeps what the tool is called with, without secrets that it recognises. Default: true. */
  readonly keepArguments?: boolean;
}

/**
 * Makes a tool call: checks that the task may make it, and records it before `work` begins and when it ends. Outside a
 * run there is no record.
 * @param given what the tool is called with, for the record
 * @throws TOOL_NOT_ALLOWED, TASK_CANCELLED, LEASE_LOST, and what `work` throws
 */
export async function callTool<R>(
  tool: ToolTraits,
  given: unknown,
  callerSignal: AbortSignal | undefined,
  work: (context: OwnToolContext) => R | Promise<R>,
): Promise<R> {
  const task = currentTask();
  if (task?.allowedTools && !task.allowedTools.has(tool.name)) {
    throw new SmithersError("TOOL_NOT_ALLOWED", `The tool ${tool.name} is not allowed in "${task.nodeId}".`);
  }
  const caller = new Error("called here");
  const { sideEffect = false, idempotent = !sideEffect } = tool;
  const call = await task?.beginToolCall({
    toolName: tool.name,
    repeats: sideEffect && !idempotent,
    arguments: tool.keepArguments === false ? undefined : given,
  });
  try {
    const root = { rootDir: task?.rootDir ?? process.cwd(), narrowedTo: task?.narrowedTo ?? "" };
    const fileRules = task?.fileRules ?? noRules;
    const result = await work({
      toolName: tool.name,
      idempotencyKey: call?.idempotencyKey ?? randomUUID(),
      signal: either(call?.signal, callerSignal),
      root,
      rootDir: join(root.rootDir, root.narrowedTo),
      allowNetwork: task?.allowNetwork ?? false,
      fileRules,
      worktree: task?.worktree,
      privatePaths: fileRules.privatePaths(),
      runId: task?.runId,
      nodeId: task?.nodeId,
      iteration: task?.iteration,
      attempt: task?.attempt,
      heartbeat: (data) => task?.heartbeat(data),
      output: (text, stream) => task?.output(text, stream),
    });
    call?.end(null);
    return result;
  } catch (error) {
    // The details may be long. If they fail the attempt, they are stored with it.
    const { code, message } = toErrorRecord(error);
    call?.end({ code, message });
    addCaller(error, caller);
    markThrown(error);
    throw error;
  }
}

/** @throws INVALID_INPUT with the Zod issues */
export function parseInput<S extends z.ZodType>(toolName: string, schema: S, input: unknown): z.output<S> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const issues = plainIssues(parsed.error);
  throw new SmithersError("INVALID_INPUT", `The input of the tool ${toolName} is invalid: ${summary(issues)}.`, {
    details: { issues },
  });
}

function either(first: AbortSignal | undefined, second: AbortSignal | undefined): AbortSignal {
  const given = [first, second].filter((signal) => signal !== undefined);
  return given.length === 1 ? given[0]! : AbortSignal.any(given);
}

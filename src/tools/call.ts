import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { z } from "zod";
import { SmithersError, toErrorRecord } from "../errors/index.ts";
import { currentTask, type FileRules } from "../jsx/index.ts";
import { plainIssues, summary } from "../model/index.ts";
import type { Root } from "./confined.ts";

/** What a tool's code is told about its call. */
export interface ToolContext {
  readonly toolName: string;
  /**
   * The same for this call in every attempt of the task, also after a resume: give it to services that
   * deduplicate. Outside of a run it is new at each call.
   */
  readonly idempotencyKey: string;
  /** Aborted when the task ends, the run is cancelled, or the caller's own signal is aborted. */
  readonly signal: AbortSignal;
  /** The folder that tools are confined to; the current one outside of a run. */
  readonly rootDir: string;
  readonly allowNetwork: boolean;
  /** Files that no tool may touch, wherever they lie. */
  readonly privatePaths: readonly string[];
  /** Absent outside of a run, as are the next three. */
  readonly runId: string | undefined;
  readonly nodeId: string | undefined;
  readonly iteration: number | undefined;
  /** Of the task, from 1. */
  readonly attempt: number | undefined;
  /** Tells that the task is alive; see `heartbeatTimeoutMs`. */
  heartbeat(data?: unknown): void;
  /** Shows what the tool says as NodeOutput events. */
  output(text: string, stream?: "stdout" | "stderr"): void;
}

/** A tool's context with what the package's own tools need in addition. */
export interface OwnToolContext extends ToolContext {
  readonly root: Root;
  readonly fileRules: FileRules;
}

/** The rules outside a run. */
const noRules: FileRules = { privatePaths: () => [], entries: [], readable: [], writable: [] };

/** What a tool is to the record of its calls. */
export interface ToolTraits {
  readonly name: string;
  /** It changes something outside of the task's own result. Defaults to false. */
  readonly sideEffect?: boolean;
  /** Doing it twice is as good as once. Defaults to true for a tool without a side effect, else to false. */
  readonly idempotent?: boolean;
}

/**
 * Makes a tool's call: refused where the task may not make it, recorded before `work` begins and closed when it
 * has ended. Outside of a run there is no record.
 * @throws TOOL_NOT_ALLOWED, TASK_CANCELLED, LEASE_LOST, and what `work` throws
 */
export async function callTool<R>(
  tool: ToolTraits,
  callerSignal: AbortSignal | undefined,
  work: (context: OwnToolContext) => R | Promise<R>,
): Promise<R> {
  const task = currentTask();
  if (task?.allowedTools && !task.allowedTools.has(tool.name)) {
    throw new SmithersError("TOOL_NOT_ALLOWED", `The tool ${tool.name} is not allowed in "${task.nodeId}".`);
  }
  const { sideEffect = false, idempotent = !sideEffect } = tool;
  const call = await task?.beginToolCall({ toolName: tool.name, repeats: sideEffect && !idempotent });
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
    // Its details may be long, and are stored with the attempt where they fail it.
    const { code, message } = toErrorRecord(error);
    call?.end({ code, message });
    throw error;
  }
}

/** @throws INVALID_INPUT with the Zod issues */
export function parseInput<S extends z.ZodType>(toolName: string, schema: S, input: unknown): z.output<S> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const issues = plainIssues(parsed.error);
  throw new SmithersError("INVALID_INPUT", `The input of the tool ${toolName} does not fit: ${summary(issues)}.`, {
    details: { issues },
  });
}

function either(first: AbortSignal | undefined, second: AbortSignal | undefined): AbortSignal {
  const given = [first, second].filter((signal) => signal !== undefined);
  return given.length === 1 ? given[0]! : AbortSignal.any(given);
}

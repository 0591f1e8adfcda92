import { cutData, cutDetails, SmithersError } from "../../errors/index.ts";
import type { ToolCallHandle, ToolCallRequest } from "../../jsx/index.ts";
import type { Attempt } from "../../model/index.ts";
import type { NewToolCall, ToolCallEnd } from "../../store/index.ts";
import { isSecretField, redacted } from "../../text/index.ts";

/** Records the tool calls of an attempt. */
export interface ToolCallLog {
  /** Records that a call begins; resolves when the record is durable. */
  begin(call: NewToolCall): Promise<void>;
  end(call: ToolCallEnd): void;
}

/** Largest arguments of a call that are stored, in bytes of JSON. */
const maxArgumentsBytes = 8_192;

/** Numbers the tool calls of one attempt, and records each one before it is made. */
export class ToolCalls {
  readonly #attempt: Attempt;
  readonly #log: ToolCallLog;
  /** How often each tool was called; most attempts call none. */
  #byName: Map<string, number> | undefined;
  readonly #aborted: AbortSignal;
  #isOver = false;
  /** Aborts the calls that are running; most attempts make none. */
  #calls: { readonly signal: AbortSignal; readonly end: AbortController } | undefined;
  #count = 0;

  /** @param aborted the attempt's own signal */
  constructor(attempt: Attempt, log: ToolCallLog, aborted: AbortSignal) {
    this.#attempt = attempt;
    this.#log = log;
    this.#aborted = aborted;
  }

  /** Whether a call has begun. */
  get haveBegun(): boolean {
    return this.#count > 0;
  }

  async begin({ toolName, repeats, arguments: given }: ToolCallRequest): Promise<ToolCallHandle> {
    if (this.#isOver) {
      throw new SmithersError("TASK_CANCELLED", `"${this.#attempt.nodeId}" has ended and can no longer call tools.`);
    }
    const { runId, nodeId, iteration, attempt } = this.#attempt;
    // Counted per tool: a call keeps its key when another attempt calls other tools in between.
    const byName = (this.#byName ??= new Map());
    const numberOfName = (byName.get(toolName) ?? 0) + 1;
    byName.set(toolName, numberOfName);
    this.#count += 1;
    const call = { nodeId, iteration, attempt, callNo: this.#count, toolName };
    const idempotencyKey = `${runId}:${nodeId}:${iteration}:${toolName}:${numberOfName}`;
    const { signal } = (this.#calls ??= this.#open());
    const startedAtMs = Date.now();
    const stored = given === undefined ? null : (cutData(withoutSecrets(given), maxArgumentsBytes) ?? null);
    await this.#log.begin({ ...call, idempotencyKey, repeats, arguments: stored });
    return {
      idempotencyKey,
      signal,
      end: (error) => {
        if (this.#isOver) return;
        const details = error?.details === undefined ? {} : { details: cutDetails(error.details) };
        this.#log.end({ ...call, startedAtMs, finishedAtMs: Date.now(), error: error && { ...error, ...details } });
      },
    };
  }

  /** Ends the attempt: calls that are still running are aborted, and further calls are refused. */
  close(): void {
    this.#isOver = true;
    this.#calls?.end.abort(new SmithersError("TASK_CANCELLED", `"${this.#attempt.nodeId}" has ended.`));
  }

  #open() {
    const end = new AbortController();
    return { end, signal: AbortSignal.any([this.#aborted, end.signal]) };
  }
}

/** Removes the values of fields whose names are those of secrets, and of the variables of an environment. */
function withoutSecrets(given: unknown): unknown {
  if (typeof given !== "object" || given === null || Array.isArray(given)) return given;
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, withoutSecret(name, value)]));
}

function withoutSecret(name: string, value: unknown): unknown {
  if (value === undefined || !(isSecretField(name) || name === "env")) return value;
  if (typeof value !== "object" || value === null) return redacted;
  return Object.fromEntries(Object.keys(value).map((key) => [key, redacted]));
}

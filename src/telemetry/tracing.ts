import { type Context, context, ROOT_CONTEXT, type Span, SpanStatusCode, type Tracer, trace } from "@opentelemetry/api";
import { parseTraceParent } from "@opentelemetry/core";
import type { BasicTracerProvider, IdGenerator, SpanProcessor } from "@opentelemetry/sdk-trace-base";
import type { CommittedTurn } from "../engine/index.ts";
import type { ErrorRecord } from "../errors/index.ts";
import type { Attempt, CommittedEvent, Run } from "../model/index.ts";
import { packageInfo } from "../package/index.ts";
import { enterGlobals } from "./globals.ts";
import { traceSdk } from "./lazy.ts";
import { serviceResource } from "./otlp.ts";
import { attemptSpanId, runSpanId, traceIdOf } from "./span-ids.ts";

type AttemptAt = Pick<Attempt, "nodeId" | "iteration" | "attempt">;

interface AttemptTrace {
  readonly span: Span;
  readonly calls: Map<number, Span>;
}

interface RunTrace {
  readonly run: Run;
  readonly span: Span;
  readonly context: Context;
  readonly attempts: Map<string, AttemptTrace>;
}

const runEnds: ReadonlySet<string> = new Set(["RunFinished", "RunFailed", "RunCancelled", "RunContinuedAsNew"]);

/** A span per run, per attempt and per tool call. Spans are held only while this process executes the run. */
export class Tracing {
  readonly #ids = new PlannedIds();
  readonly #provider: BasicTracerProvider;
  readonly #tracer: Tracer;
  readonly #runs = new Map<string, RunTrace>();
  readonly #leaveGlobals: () => void;

  constructor(processor: SpanProcessor) {
    const { BasicTracerProvider } = traceSdk();
    const resource = serviceResource();
    this.#provider = new BasicTracerProvider({ resource, spanProcessors: [processor], idGenerator: this.#ids });
    this.#tracer = this.#provider.getTracer("smithers-orchestrator", packageInfo().version);
    this.#leaveGlobals = enterGlobals(this.#provider);
  }

  turnCommitted(turn: CommittedTurn): void {
    const { run, record, events } = turn;
    const traced = this.#runs.get(run.runId) ?? this.#begin(run);
    for (const { nodeId, iteration, attempt, callNo, finishedAtMs, error } of record.endedToolCalls) {
      const calls = traced.attempts.get(keyOf({ nodeId, iteration, attempt }))?.calls;
      const span = calls?.get(callNo);
      calls?.delete(callNo);
      if (span) end(span, finishedAtMs, error);
    }
    for (const ended of record.endedAttempts) this.#endAttempt(traced, turn, ended);
    for (const started of record.startedAttempts) {
      traced.attempts.set(keyOf(started), { span: this.#startAttempt(traced, turn, started), calls: new Map() });
    }
    const last = events.at(-1);
    if (last && runEnds.has(last.type)) {
      traced.span.setAttribute("smithers.run.status", run.status);
      traced.span.updateName(nameOf(run));
      end(traced.span, record.nowMs, run.error);
    }
    // A waiting run uses no memory. The process that continues it starts its span again with the same id.
    if (record.run.release) this.#runs.delete(run.runId);
  }

  /** Traces tool calls, which start outside of turns. */
  eventsCommitted(events: readonly CommittedEvent[]): void {
    for (const { runId, event } of events) {
      if (event.type !== "ToolCallStarted") continue;
      const { nodeId, iteration, attempt, toolName, callNo } = event;
      const of = this.#runs.get(runId)?.attempts.get(keyOf({ nodeId, iteration, attempt }));
      if (!of) continue;
      const attributes = {
        "smithers.run.id": runId,
        "smithers.node.id": nodeId,
        "smithers.tool.name": toolName,
        "smithers.tool.call": callNo,
      };
      const startTime = new Date(event.timestampMs);
      const parent = trace.setSpan(ROOT_CONTEXT, of.span);
      of.calls.set(callNo, this.#tracer.startSpan(`tool ${toolName}`, { startTime, attributes }, parent));
    }
  }

  /** Runs an attempt's code so that spans it starts become children of the attempt's span. */
  aroundAttempt<T>(attempt: Attempt, code: () => T): T {
    const span = this.#runs.get(attempt.runId)?.attempts.get(keyOf(attempt))?.span;
    return span ? context.with(trace.setSpan(ROOT_CONTEXT, span), code) : code();
  }

  leaseLost(runId: string): void {
    this.#runs.delete(runId);
  }

  /** Sends the ended spans, and removes what was set for the whole process. */
  async close(): Promise<void> {
    this.#leaveGlobals();
    await this.#provider.shutdown();
  }

  #begin(run: Run): RunTrace {
    const caller = run.traceparent === null ? null : parseTraceParent(run.traceparent);
    const parent = caller ? trace.setSpanContext(ROOT_CONTEXT, { ...caller, isRemote: true }) : ROOT_CONTEXT;
    const attributes = {
      "smithers.run.id": run.runId,
      "smithers.workflow.name": run.workflowName,
      ...(run.workflowPath === null ? {} : { "smithers.workflow.path": run.workflowPath }),
      ...(run.reopened > 0 ? { "smithers.run.reopened": run.reopened } : {}),
    };
    const startTime = new Date(run.startedAtMs ?? run.createdAtMs);
    const span = this.#ids.plan({ traceId: traceIdOf(run), spanId: runSpanId(run) }, () =>
      this.#tracer.startSpan(nameOf(run), { startTime, attributes }, parent),
    );
    const begun = { run, span, context: trace.setSpan(ROOT_CONTEXT, span), attempts: new Map() };
    this.#runs.set(run.runId, begun);
    return begun;
  }

  #startAttempt(of: RunTrace, turn: CommittedTurn, at: AttemptAt & Pick<Attempt, "startedAtMs">): Span {
    const { nodeId, iteration, attempt, startedAtMs } = at;
    const attributes = {
      "smithers.run.id": of.run.runId,
      "smithers.workflow.name": turn.run.workflowName,
      "smithers.node.id": nodeId,
      "smithers.node.kind": turn.node(nodeId, iteration)?.kind,
      "smithers.node.iteration": iteration,
      "smithers.attempt": attempt,
    };
    return this.#ids.plan({ spanId: attemptSpanId(of.run, at) }, () =>
      this.#tracer.startSpan(`attempt ${nodeId}`, { startTime: new Date(startedAtMs), attributes }, of.context),
    );
  }

  #endAttempt(of: RunTrace, turn: CommittedTurn, ended: CommittedTurn["record"]["endedAttempts"][number]): void {
    const known = of.attempts.get(keyOf(ended));
    of.attempts.delete(keyOf(ended));
    // The attempt was started by an earlier process, whose span is lost.
    const span = known?.span ?? this.#startAttempt(of, turn, ended);
    for (const call of known?.calls.values() ?? []) end(call, turn.record.nowMs, null);
    span.setAttribute("smithers.attempt.outcome", ended.state);
    end(span, turn.record.nowMs, ended.error);
  }
}

function end(span: Span, atMs: number, error: ErrorRecord | null): void {
  if (error) {
    span.setAttribute("error.type", error.code);
    span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
  }
  span.end(new Date(atMs));
}

const nameOf = ({ workflowName }: Run) => `run ${workflowName}`;
const keyOf = ({ nodeId, iteration, attempt }: AttemptAt) => `${iteration}:${attempt}:${nodeId}`;

/** Generates the planned ids for the span that is being started, and random ids otherwise. */
class PlannedIds implements IdGenerator {
  readonly #random: IdGenerator = new (traceSdk().RandomIdGenerator)();
  #planned: { traceId?: string; spanId?: string } = {};

  plan<T>(ids: { traceId?: string; spanId: string }, start: () => T): T {
    this.#planned = ids;
    try {
      return start();
    } finally {
      this.#planned = {};
    }
  }

  generateTraceId(): string {
    return this.#planned.traceId ?? this.#random.generateTraceId();
  }

  generateSpanId(): string {
    return this.#planned.spanId ?? this.#random.generateSpanId();
  }
}

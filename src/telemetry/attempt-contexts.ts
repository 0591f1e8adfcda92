import { context, ROOT_CONTEXT, TraceFlags, trace } from "@opentelemetry/api";
import { parseTraceParent } from "@opentelemetry/core";
import type { SpanProcessor } from "@opentelemetry/sdk-trace-base";
import type { CommittedTurn } from "../engine/index.ts";
import type { Attempt, Run } from "../model/index.ts";
import { enterGlobals } from "./globals.ts";
import { traceSdk } from "./lazy.ts";
import { serviceResource, spanProcessorFromEnv } from "./otlp.ts";
import { attemptSpanId, traceIdOf } from "./span-ids.ts";

/**
 * The place in its run's trace of each attempt that a worker executes. The server makes the spans of runs and attempts;
 * a worker only those that authors start, as children of their attempt's span.
 */
export class AttemptContexts {
  readonly #runs = new Map<string, Run>();
  readonly #close: () => Promise<void>;

  private constructor(processor: SpanProcessor) {
    const { BasicTracerProvider } = traceSdk();
    const provider = new BasicTracerProvider({ resource: serviceResource(), spanProcessors: [processor] });
    const leaveGlobals = enterGlobals(provider);
    this.#close = async () => {
      leaveGlobals();
      await provider.shutdown();
    };
  }

  /** Undefined when the environment asks for no traces. */
  static fromEnv(graceMs: number): AttemptContexts | undefined {
    const processor = spanProcessorFromEnv(graceMs);
    return processor && new AttemptContexts(processor);
  }

  turnCommitted({ run, record }: CommittedTurn): void {
    if (record.run.release) this.#runs.delete(run.runId);
    else this.#runs.set(run.runId, run);
  }

  /** Runs an attempt's code so that spans it starts become children of the attempt's span. */
  aroundAttempt<T>(attempt: Attempt, code: () => T): T {
    const run = this.#runs.get(attempt.runId);
    if (!run) return code();
    const caller = run.traceparent === null ? null : parseTraceParent(run.traceparent);
    const span = {
      traceId: caller?.traceId ?? traceIdOf(run),
      spanId: attemptSpanId(run, attempt),
      traceFlags: caller?.traceFlags ?? TraceFlags.SAMPLED,
    };
    return context.with(trace.setSpanContext(ROOT_CONTEXT, span), code);
  }

  /** Sends the ended spans. */
  close(): Promise<void> {
    return this.#close();
  }
}

import { context, propagation, trace } from "@opentelemetry/api";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import type { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";
import { asyncContext } from "./lazy.ts";

/**
 * Makes spans that authors start nest and be exported, unless the app has set up OpenTelemetry itself. Returns a
 * function that undoes it.
 */
export function enterGlobals(provider: BasicTracerProvider): () => void {
  const undo: (() => void)[] = [];
  const { AsyncLocalStorageContextManager } = asyncContext();
  const manager = new AsyncLocalStorageContextManager().enable();
  if (context.setGlobalContextManager(manager)) undo.push(() => context.disable());
  else manager.disable();
  if (trace.setGlobalTracerProvider(provider)) undo.push(() => trace.disable());
  if (propagation.setGlobalPropagator(new W3CTraceContextPropagator())) undo.push(() => propagation.disable());
  return () => {
    for (const one of undo) one();
  };
}

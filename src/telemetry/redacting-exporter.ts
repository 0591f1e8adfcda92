import type { Attributes, AttributeValue } from "@opentelemetry/api";
import type { ReadableSpan, SpanExporter } from "@opentelemetry/sdk-trace-base";
import { isSecretField, redact, redacted } from "../text/index.ts";

/** Exports spans without the secrets of this process, also the spans that authors have started. */
export function withoutSecrets(exporter: SpanExporter): SpanExporter {
  return {
    export: (spans, done) => exporter.export(spans.map(redactSpan), done),
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => exporter.forceFlush?.(),
  };
}

/** A view of the span: what is not text stays the span's own. */
function redactSpan(span: ReadableSpan): ReadableSpan {
  const { status } = span;
  const clean: Partial<ReadableSpan> = {
    name: redact(span.name),
    attributes: redactAttributes(span.attributes),
    events: span.events.map((event) => ({
      ...event,
      name: redact(event.name),
      attributes: event.attributes && redactAttributes(event.attributes),
    })),
    links: span.links.map((link) => ({ ...link, attributes: link.attributes && redactAttributes(link.attributes) })),
    status: status.message === undefined ? status : { ...status, message: redact(status.message) },
  };
  return Object.create(span, Object.getOwnPropertyDescriptors(clean));
}

function redactAttributes(attributes: Attributes): Attributes {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [redact(name), redactAttribute(name, value)]),
  );
}

function redactAttribute(name: string, value: AttributeValue | undefined): AttributeValue | undefined {
  if (typeof value === "string") return isSecretField(name) ? redacted : redact(value);
  if (!Array.isArray(value)) return value;
  return value.map((item) => (typeof item === "string" ? redactAttribute(name, item) : item)) as AttributeValue;
}

import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { afterThisTest } from "./cleanup.ts";

export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly failed: boolean;
  readonly service: string;
}

export interface Point {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** A histogram's is its count. */
  readonly value: number;
}

/** A collector that takes what is sent over OTLP/HTTP as JSON, as its specification writes it. */
export class Collector {
  readonly url: string;
  readonly headers: IncomingHttpHeaders[] = [];
  /** Everything that was sent. */
  readonly bodies: unknown[] = [];
  readonly spans: Span[] = [];
  /** Of the last push of metrics. */
  points: Point[] = [];

  private constructor(url: string) {
    this.url = url;
  }

  static async start(): Promise<Collector> {
    const server = createServer(async (request, response) => {
      let text = "";
      for await (const chunk of request.setEncoding("utf8")) text += chunk;
      collector.headers.push(request.headers);
      const body = JSON.parse(text);
      collector.bodies.push(body);
      if (request.url === "/v1/traces") collector.spans.push(...spansIn(body));
      else if (request.url === "/v1/metrics") collector.points = pointsIn(body);
      else response.statusCode = 404;
      response.setHeader("Content-Type", "application/json").end("{}");
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    afterThisTest(() => void server.closeAllConnections());
    afterThisTest(() => void server.close());
    const collector = new Collector(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    return collector;
  }

  /** The spans that have these attributes. */
  find(attributes: Record<string, unknown>): Span[] {
    const wanted = Object.entries(attributes);
    return this.spans.filter((span) => wanted.every(([name, value]) => span.attributes[name] === value));
  }

  value(name: string, labels: Record<string, string> = {}): number | undefined {
    const wanted = Object.entries(labels);
    return this.points.find(
      (point) => point.name === name && wanted.every(([key, value]) => point.labels[key] === value),
    )?.value;
  }
}

function spansIn({ resourceSpans }: any): Span[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }: any) =>
    scopeSpans.flatMap(({ spans }: any) =>
      spans.map((span: any) => ({
        traceId: span.traceId,
        spanId: span.spanId,
        parentSpanId: span.parentSpanId || undefined,
        name: span.name,
        startMs: Number(BigInt(span.startTimeUnixNano) / 1_000_000n),
        endMs: Number(BigInt(span.endTimeUnixNano) / 1_000_000n),
        attributes: attributesOf(span.attributes),
        // https://opentelemetry.io/docs/specs/otlp/: STATUS_CODE_ERROR is 2.
        failed: span.status?.code === 2,
        service: attributesOf(resource.attributes)["service.name"],
      })),
    ),
  );
}

function pointsIn({ resourceMetrics }: any): Point[] {
  return resourceMetrics.flatMap(({ scopeMetrics }: any) =>
    scopeMetrics.flatMap(({ metrics }: any) =>
      metrics.flatMap(({ name, sum, gauge, histogram }: any) =>
        (sum ?? gauge ?? histogram).dataPoints.map((point: any) => ({
          name,
          labels: attributesOf(point.attributes),
          value: Number(point.asInt ?? point.asDouble ?? point.count),
        })),
      ),
    ),
  );
}

function attributesOf(list: { key: string; value: Record<string, unknown> }[] = []): Record<string, any> {
  return Object.fromEntries(
    list.map(({ key, value }) => [key, "intValue" in value ? Number(value.intValue) : Object.values(value)[0]]),
  );
}

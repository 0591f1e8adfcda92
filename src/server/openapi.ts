import { z } from "zod";
import { answerSchemas } from "../api/answer-schemas.ts";
import { errorBodySchema } from "../api/answers.ts";
import { apiSchemas } from "../api/openapi-names.ts";
import { type ErrorCode, errorCodes } from "../errors/index.ts";
import type { Operation } from "./operation.ts";
import { errorCodesOf, type Route } from "./route.ts";

type Json = Record<string, unknown>;

/**
 * Creates the OpenAPI 3.1 document of these routes from the schemas that validate their requests. Of the server itself,
 * it reveals only whether a token is required.
 */
export function openApiDocument(routes: readonly Route<never>[], { asksForToken }: { asksForToken: boolean }): Json {
  const components = new Components();
  const paths: Record<string, Json> = {};
  const seen = new Map<string, string>();
  for (const route of routes) {
    const { path, operation } = route;
    const template = path.replace(/:(\w+)/g, "{$1}");
    const original = seen.get(operation.id);
    const described = describe(route, components);
    if (original === undefined) seen.set(operation.id, template);
    else Object.assign(described, { operationId: nameAt(operation.id, path), description: `Alias of ${original}.` });
    paths[template] = { ...paths[template], [route.method.toLowerCase()]: described };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Smithers",
      version: "1.0.0",
      description:
        "Durable workflows over HTTP. Every error is `{ error: { code, message, details } }`. In addition to the errors " +
        "of each route, an unknown path answers 404 NOT_FOUND, and an unsupported method answers 405 METHOD_NOT_ALLOWED " +
        "with an `Allow` header.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/" }],
    security: asksForToken ? [{ bearer: [] }, { key: [] }] : [],
    paths,
    components: {
      schemas: components.schemas,
      examples: components.examples,
      headers: {
        RequestId: { description: "Identifies the request in the server's log.", schema: { type: "string" } },
        Next: {
          description: 'The next page, if there is one: `<path>; rel="next"`.',
          schema: { type: "string" },
        },
        LastSeq: {
          description: "Number of the run's last stored event when the stream was opened; later events are new.",
          schema: { type: "integer" },
        },
        RetryAfter: { description: "Seconds to wait before the request is sent again.", schema: { type: "integer" } },
      },
      ...(asksForToken
        ? {
            securitySchemes: {
              bearer: { type: "http", scheme: "bearer" },
              key: { type: "apiKey", in: "header", name: "x-smithers-key" },
            },
          }
        : {}),
    },
  };
}

function describe(route: Route<never>, components: Components): Json {
  const { id, summary, params, query, headers, body, isOpen } = route.operation;
  const parameters = [
    ...parametersOf("path", params, components),
    ...parametersOf("query", query, components),
    ...parametersOf("header", headers, components),
  ];
  return {
    operationId: id,
    summary,
    ...(isOpen ? { security: [] } : {}),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body ? { requestBody: { content: { "application/json": { schema: components.of(body, "input") } } } } : {}),
    responses: {
      200: success(route.operation, components),
      ...noContent(route.operation),
      ...failures(errorCodesOf(route), components),
    },
  };
}

function parametersOf(place: "path" | "query" | "header", fields: z.ZodObject, components: Components): Json[] {
  return Object.entries(fields.shape).map(([name, field]) => {
    const { description, ...schema } = components.of(field as z.ZodType, "input");
    const required = place === "path" || !(field as z.ZodType).safeParse(undefined).success;
    return { name, in: place, required, ...(description ? { description } : {}), schema };
  });
}

function success({ answer, answerType, params, query }: Operation<never>, components: Components): Json {
  const headers: Json = { "X-Request-Id": { $ref: "#/components/headers/RequestId" } };
  if ("limit" in query.shape) headers.Link = { $ref: "#/components/headers/Next" };
  const isStream = answerType === "text/event-stream";
  if (isStream && "runId" in params.shape) headers["X-Last-Seq"] = { $ref: "#/components/headers/LastSeq" };
  const described = components.of(answerSchemas[answer], "output");
  const schema = isStream
    ? {
        type: "string",
        description: "Server-sent events. The data of each event is JSON with this schema.",
        contentSchema: described,
      }
    : described;
  return { description: "OK", headers, content: { [answerType]: { schema } } };
}

function noContent({ noContent: description }: Operation<never>): Record<string, Json> {
  if (description === undefined) return {};
  return { 204: { description, headers: { "X-Request-Id": { $ref: "#/components/headers/RequestId" } } } };
}

/** One response per status, with an example of each code. */
function failures(codes: readonly ErrorCode[], components: Components): Record<string, Json> {
  const schema = components.of(errorBodySchema, "output");
  const statuses = [...new Set(codes.map((code) => errorCodes[code].status))];
  return Object.fromEntries(
    statuses.map((status) => {
      const group = codes.filter((code) => errorCodes[code].status === status);
      const headers: Json = { "X-Request-Id": { $ref: "#/components/headers/RequestId" } };
      if (status === 503) headers["Retry-After"] = { $ref: "#/components/headers/RetryAfter" };
      const examples = group.map((code) => [code, components.example(code)]);
      const content = { "application/json": { schema, examples: Object.fromEntries(examples) } };
      return [status, { description: group.join(", "), headers, content }];
    }),
  );
}

/** An operation with several paths needs a name for each. */
function nameAt(id: string, path: string): string {
  const words = path.split("/").filter((word) => word !== "" && !word.startsWith(":"));
  return id + words.map((word) => `_${word}`).join("");
}

/** Converts schemas to JSON Schema; named schemas become components. */
class Components {
  readonly schemas: Record<string, Json> = {};
  readonly examples: Record<string, Json> = {};

  of(schema: z.ZodType, io: "input" | "output"): Json {
    const { $schema, $defs, ...whole } = z.toJSONSchema(schema, { io, metadata: names }) as Json & {
      $defs?: Record<string, Json>;
    };
    for (const [name, { id, ...definition }] of Object.entries($defs ?? {})) {
      this.schemas[name] = refer(definition) as Json;
    }
    return refer(whole) as Json;
  }

  /** A reference to the example of an error. */
  example(code: ErrorCode): Json {
    this.examples[code] = { value: { error: { code, message: errorCodes[code].advice, details: null } } };
    return { $ref: `#/components/examples/${code}` };
  }
}

/** Redirects references from the schema's own definitions to the components. */
function refer(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(refer);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      key === "$ref" ? String(inner).replace("#/$defs/", "#/components/schemas/") : refer(inner),
    ]),
  );
}

/** Combines the names of schemas with their `describe` and `meta` data, which Zod keeps in another registry. */
class Names extends z.core.$ZodRegistry<{ id?: string }> {
  override get(schema: z.core.$ZodType) {
    return { ...z.globalRegistry.get(schema), ...apiSchemas.get(schema) } as never;
  }
}
const names = new Names();

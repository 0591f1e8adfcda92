import { Ajv2020 } from "@redocly/ajv/dist/2020.js";
import type { Answer } from "./wire.ts";

type Described = { responses: Record<string, { content?: Record<string, { schema?: { $ref?: string } }> }> };

/** What a server says of itself at /openapi.json. */
export interface OpenApiDocument {
  readonly paths: Record<string, Record<string, Described>>;
  readonly components: unknown;
}

/** Holds answers against an OpenAPI document. */
export class Conformity {
  readonly #document: OpenApiDocument;
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true });
  /** As `GET /v1/runs 200`. */
  readonly seen = new Set<string>();

  constructor(document: OpenApiDocument) {
    this.#document = document;
    this.#ajv.addSchema(document, "api");
  }

  /** Every operation that the document describes, as `GET /v1/runs`. */
  get operations(): string[] {
    return Object.entries(this.#document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
  }

  /** What is wrong with an answer by the document; nothing when it conforms. */
  problems(method: string, path: string, { status, headers, body }: Answer): string[] {
    const template = this.#template(path.split("?", 1)[0]!);
    const described = template && this.#document.paths[template]?.[method.toLowerCase()];
    if (!template || !described) return status === 404 || status === 405 ? [] : [`${method} ${path} is not described`];
    const where = `${method} ${template} ${status}`;
    this.seen.add(where);
    const response = described.responses[status];
    if (!response) return [`${where} is not described`];
    if (!response.content) return body === "" ? [] : [`${where} has a body`];
    const content = response.content;
    const mediaType = (type: string) => type.split(";", 1)[0]!;
    const given = mediaType(headers.get("content-type") ?? "");
    const type = Object.keys(content).find((one) => mediaType(one) === given);
    if (type === undefined) return [`${where} is ${given}`];
    const pointer = ["paths", template, method.toLowerCase(), "responses", String(status), "content", type, "schema"];
    // Nearly all answers share the schema of an error, which is compiled once if it is used by its own name.
    const place =
      content[type]!.schema?.$ref ??
      `#/${pointer.map((part) => encodeURIComponent(part.replaceAll("/", "~1"))).join("/")}`;
    this.#ajv.validate(`api${place}`, body);
    return (this.#ajv.errors ?? []).map((error) => `${where}${error.instancePath} ${error.message}`);
  }

  #template(path: string): string | undefined {
    const exact = Object.keys(this.#document.paths).find((template) => template === path);
    return (
      exact ??
      Object.keys(this.#document.paths).find((template) =>
        new RegExp(`^${template.replaceAll(".", "\\.").replace(/\{\w+\}/g, "[^/]+")}$`).test(path),
      )
    );
  }
}

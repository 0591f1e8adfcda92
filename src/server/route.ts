import type { Context, Hono } from "hono";
import { matchedRoutes } from "hono/route";
import { type ErrorCode, errorCodes } from "../errors/index.ts";
import { check, checkPart, headersOf, readJsonBody } from "./http/request.ts";
import { jsonAnswer } from "./http/whole-answers.ts";
import type { Operation } from "./operation.ts";

/** An operation and its path. */
export interface Route<Services> {
  readonly method: "GET" | "POST";
  /** Hono's syntax: `/v1/runs/:runId`. */
  readonly path: string;
  readonly operation: Operation<Services>;
}

export function route<Services>(method: "GET" | "POST", path: string, operation: Operation<Services>): Route<Services> {
  return { method, path, operation };
}

/**
 * Adds the routes to `app`. A request is validated by its operation's schemas before it is handled.
 * @param services what operations work with; requests wait until it is there
 */
export function mount<Services>(
  app: Hono,
  routes: readonly Route<Services>[],
  services: Services | Promise<Services>,
): void {
  for (const { method, path, operation } of routes) {
    app.on(method, path, async (c) => {
      const answer = await operation.handle(
        {
          c,
          params: checkPart(operation.params, () => c.req.param(), "path"),
          query: checkPart(operation.query, () => c.req.query(), "query"),
          headers: checkPart(operation.headers, () => headersOf(c, operation.headers), "headers"),
          body: operation.body && check(operation.body, await readJsonBody(c), "body"),
        },
        await services,
      );
      return answer instanceof Response ? answer : jsonAnswer(c, answer);
    });
  }
}

/**
 * The path template of the route that a request has reached, such as `/v1/runs/:runId`; undefined for an unknown path.
 */
export function routeTemplate(c: Context): string | undefined {
  return matchedRoutes(c).findLast(({ method }) => method !== "ALL")?.path;
}

const databaseTrouble = (Object.keys(errorCodes) as ErrorCode[]).filter(
  (code) => code.startsWith("DB_") && errorCodes[code].status !== 404,
);

/** All error codes of a route, including those that every route has. */
export function errorCodesOf<Services>({ operation }: Route<Services>): readonly ErrorCode[] {
  const codes = new Set<ErrorCode>(["INVALID_REQUEST", ...operation.errors]);
  if (operation.body) for (const code of ["INVALID_JSON", "PAYLOAD_TOO_LARGE"] as const) codes.add(code);
  if (!operation.isOpen) for (const code of ["UNAUTHORIZED", "FORBIDDEN"] as const) codes.add(code);
  return [...codes, "SERVER_ERROR", ...databaseTrouble];
}

import type { Context } from "hono";
import { z } from "zod";
import type { ErrorCode } from "../errors/index.ts";

type Shape = z.ZodRawShape;
type Fields<S extends Shape> = z.output<z.ZodObject<S>>;

/** A request whose parts have passed their schemas. */
export interface Request<P extends Shape, Q extends Shape, H extends Shape, B extends z.ZodType> {
  readonly c: Context;
  readonly params: Fields<P>;
  readonly query: Fields<Q>;
  readonly headers: Fields<H>;
  readonly body: z.output<B>;
}

export interface OperationDescription<
  Services,
  P extends Shape,
  Q extends Shape,
  H extends Shape,
  B extends z.ZodType,
  A extends z.ZodType,
> {
  /** Its name in the OpenAPI document. */
  readonly id: string;
  /** One line. */
  readonly summary: string;
  /** What follows a `:` in the path, percent-decoded. */
  readonly params?: P;
  readonly query?: Q;
  /** By the header's name; an empty header counts as absent. */
  readonly headers?: H;
  /** Of JSON; an empty body is `{}`. */
  readonly body?: B;
  /** The body of a 200; of a stream, the data of each event. */
  readonly answer: A;
  /** Defaults to application/json. */
  readonly answerType?: string;
  /** Beside those that every route may give. */
  readonly errors: readonly ErrorCode[];
  /** Needs no token. */
  readonly isOpen?: boolean;
  /** Gives the answer, or a response that holds it. */
  handle(request: Request<P, Q, H, B>, services: Services): Promise<z.input<A> | Response>;
}

/** What a request may hold and how it is answered: the one description that is routed, validated and documented. */
export interface Operation<Services> {
  readonly id: string;
  readonly summary: string;
  readonly params: z.ZodObject;
  readonly query: z.ZodObject;
  readonly headers: z.ZodObject;
  readonly body: z.ZodType | undefined;
  readonly answer: z.ZodType;
  readonly answerType: string;
  readonly errors: readonly ErrorCode[];
  readonly isOpen: boolean;
  handle(request: Request<Shape, Shape, Shape, z.ZodType>, services: Services): Promise<unknown>;
}

/**
 * Describes an operation; where it lies is said by {@link route}. `Services` is what its handler works with.
 * @example
 * export const cancelRun = operation({
 *   id: "cancelRun",
 *   summary: "Abort a run",
 *   answer: runIdAnswerSchema,
 *   errors: ["RUN_NOT_ACTIVE"],
 *   async handle(_, { engine, run }: RunServices) {
 *     await engine.cancel(run.runId);
 *     return { runId: run.runId };
 *   },
 * });
 */
export function operation<
  Services,
  A extends z.ZodType,
  P extends Shape = Record<never, never>,
  Q extends Shape = Record<never, never>,
  H extends Shape = Record<never, never>,
  B extends z.ZodType = z.ZodUndefined,
>(description: OperationDescription<Services, P, Q, H, B, A>): Operation<Services> {
  const { params, query, headers, body, answerType = "application/json", isOpen = false } = description;
  return {
    ...description,
    params: z.object(params ?? {}),
    query: z.object(query ?? {}),
    headers: z.object(headers ?? {}),
    body,
    answerType,
    isOpen,
    handle: (request, services) => description.handle(request as Request<P, Q, H, B>, services),
  };
}

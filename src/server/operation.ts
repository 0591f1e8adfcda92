import type { Context } from "hono";
import { z } from "zod";
import type { AnswerBodies, AnswerName } from "../api/answer-schemas.ts";
import type { ErrorCode } from "../errors/index.ts";

type Shape = z.ZodRawShape;
type Fields<S extends Shape> = z.output<z.ZodObject<S>>;

/** A request whose parts are validated. */
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
  A extends AnswerName,
> {
  /** Operation id in the OpenAPI document. */
  readonly id: string;
  /** One line for the OpenAPI document. */
  readonly summary: string;
  /** Parameters of the path (`:name`), percent-decoded. */
  readonly params?: P;
  readonly query?: Q;
  /** By header name; an empty header counts as absent. */
  readonly headers?: H;
  /** Schema of a JSON body; an empty body is read as `{}`. */
  readonly body?: B;
  /** Name of the schema of a 200 answer's body; for a stream, of each event's data. */
  readonly answer: A;
  /** Content type of the answer. Default: application/json. */
  readonly answerType?: string;
  /** What a 204 answer means, for an operation that may have nothing to answer. */
  readonly noContent?: string;
  /** Error codes in addition to those of every route. */
  readonly errors: readonly ErrorCode[];
  /** Whether the operation needs no token. */
  readonly isOpen?: boolean;
  /** Returns the answer, or a response that contains it. */
  handle(request: Request<P, Q, H, B>, services: Services): Promise<AnswerBodies[A] | Response>;
}

/** A request's schemas and its handler: the one description for routing, validation and documentation. */
export interface Operation<Services> {
  readonly id: string;
  readonly summary: string;
  readonly params: z.ZodObject;
  readonly query: z.ZodObject;
  readonly headers: z.ZodObject;
  readonly body: z.ZodType | undefined;
  readonly answer: AnswerName;
  readonly answerType: string;
  readonly noContent: string | undefined;
  readonly errors: readonly ErrorCode[];
  readonly isOpen: boolean;
  handle(request: Request<Shape, Shape, Shape, z.ZodType>, services: Services): Promise<unknown>;
}

/**
 * Describes an operation; {@link route} gives it a path. `Services` is what its handler works with.
 * @example
 * export const cancelRun = operation({
 *   id: "cancelRun",
 *   summary: "Cancel a run",
 *   answer: "runId",
 *   errors: ["RUN_NOT_ACTIVE"],
 *   async handle(_, { engine, run }: RunServices) {
 *     await engine.cancel(run.runId);
 *     return { runId: run.runId };
 *   },
 * });
 */
export function operation<
  Services,
  A extends AnswerName,
  P extends Shape = Record<never, never>,
  Q extends Shape = Record<never, never>,
  H extends Shape = Record<never, never>,
  B extends z.ZodType = z.ZodUndefined,
>(description: OperationDescription<Services, P, Q, H, B, A>): Operation<Services> {
  const { params, query, headers, body, noContent, answerType = "application/json", isOpen = false } = description;
  const fields = (shape: Shape | undefined) => (shape ? z.object(shape) : noFields);
  return {
    ...description,
    params: fields(params),
    query: fields(query),
    headers: fields(headers),
    body,
    answerType,
    noContent,
    isOpen,
    handle: (request, services) => description.handle(request as Request<P, Q, H, B>, services),
  };
}

const noFields = z.object({});

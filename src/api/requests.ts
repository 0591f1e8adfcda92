import { z } from "zod";
import { runStatusSchema } from "../model/status-schemas.ts";
import { bodyFields, bodyWithPayload } from "./body.ts";
import { defaultMaxConcurrency, greatestMaxConcurrency, maxCorrelationIdLength } from "./limits.ts";

/** A run's id. It fits into a path segment, a file name and a log line. */
export const runIdSchema = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/,
    "1 to 128 letters, digits and . _ : -, starting with a letter or digit",
  );

/** Digits become a number. A cast would accept more, as "1e3" or " 1". Anything else passes unchanged. */
const ofDigits = (given: unknown): unknown =>
  typeof given === "string" && /^\d+$/.test(given) ? Number(given) : given;

const wholeNumber = z.number("must be a whole number").int();

const largestPage = 1_000;
const pageLimit = (usual: number) =>
  z
    .preprocess(
      (given) => {
        const number = ofDigits(given);
        return typeof number === "number" ? Math.min(number, largestPage) : number;
      },
      wholeNumber.min(1, "must be a whole number of at least 1"),
    )
    .default(usual)
    .describe(`page size; default ${usual}, at most ${largestPage}`);

/** A position in a numbered list, to read on after it. Empty and -1 stand for its beginning. */
const position = z.preprocess(
  (given) => (given === "" || given === "-1" ? 0 : ofDigits(given)),
  wholeNumber.min(0).max(Number.MAX_SAFE_INTEGER),
);

/** A whole number in a query, 0 or greater. */
const queryNumber = z.preprocess(ofDigits, wholeNumber.min(0).max(Number.MAX_SAFE_INTEGER));

/** An idempotency key: requests with the same key and the same body start one run. */
export const idempotencyKeySchema = z.string().regex(/^[\x21-\x7e]{1,255}$/, "1 to 255 visible ASCII characters");

/** Per-run settings. */
export const runConfigSchema = bodyFields({
  maxConcurrency: z
    .preprocess(ofDigits, z.number().int().positive().max(greatestMaxConcurrency))
    .optional()
    .describe(`attempts running at once; ${defaultMaxConcurrency} if absent`),
});
export type RunConfig = z.infer<typeof runConfigSchema>;

const workflowPath = z
  .string()
  .min(1)
  .max(4096)
  .optional()
  .describe("path of the workflow file, relative to the server's rootDir");

/** Any object, as it is: `z.record` would copy it, which blocks the server when it has 100,000 fields. */
const anyObject = z
  .unknown()
  .superRefine((value, context) => {
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return;
    context.addIssue({ code: "invalid_type", expected: "record", input: value });
  })
  .meta({ type: "object", additionalProperties: {} }) as unknown as z.ZodType<Record<string, unknown>>;

export const startRunBodySchema = bodyFields({
  workflowPath,
  input: anyObject.optional(),
  runId: runIdSchema.optional().describe("generated if absent"),
  resume: z.boolean().optional().describe("continue the run that runId names"),
  config: runConfigSchema.optional(),
}).meta({ examples: [{ workflowPath: "./bugfix.tsx", input: { description: "fix auth" } }] });
export type StartRunBody = z.infer<typeof startRunBodySchema>;

export const listRunsQuerySchema = z.object({
  limit: pageLimit(50),
  status: runStatusSchema.optional(),
  ended: z.enum(["true", "false"]).optional().describe("only runs that have ended, or only those that have not"),
  queued: z
    .enum(["true", "false"])
    .optional()
    .describe("only running runs with tasks that wait for a free place on a server, or only the others"),
  workflow: z.string().min(1).max(512).optional(),
  text: z.string().max(512).optional().describe("a part of the run's id, of its workflow's name or of its path"),
  createdAfterMs: queryNumber.optional().describe("runs created at this time (Unix, in ms) or later"),
  createdBeforeMs: queryNumber.optional().describe("runs created before this time (Unix, in ms)"),
  cursor: z.string().max(512).optional().describe("from the previous page's Link header"),
});
export type ListRunsQuery = z.infer<typeof listRunsQuerySchema>;

export const afterSeqSchema = position;

export const framesQuerySchema = z.object({
  limit: pageLimit(50),
  order: z.enum(["desc", "asc"]).default("desc").describe("newest first, or oldest first for reading on"),
  afterFrameNo: position.default(0).describe("only frames after this number"),
  beforeFrameNo: queryNumber.optional().describe("only frames before this number"),
});
export type FramesQuery = z.infer<typeof framesQuerySchema>;

export const nodesQuerySchema = z.object({
  limit: pageLimit(largestPage),
  cursor: z.string().max(4_096).optional().describe("from the previous page's Link header"),
});
export type NodesQuery = z.infer<typeof nodesQuerySchema>;

export const nodeQuerySchema = z.object({
  iteration: queryNumber.optional().describe("iteration of the node's loop; default: the last one"),
});

export const approvalsQuerySchema = z.object({
  limit: pageLimit(100),
  cursor: z.string().max(2_048).optional().describe("from the previous page's Link header"),
});

export const workflowsQuerySchema = z.object({
  limit: pageLimit(50),
  cursor: z.string().max(4_096).optional().describe("from the previous page's Link header"),
});

/** Body of approve and deny. */
export const decisionBodySchema = bodyFields({
  iteration: z
    .number()
    .int()
    .nonnegative()
    .optional()
    .describe("iteration of the node's loop; default: the waiting one"),
  note: z.string().max(10_000).nullish(),
  decidedBy: z.string().max(512).nullish(),
  selected: z.string().nullish().describe("with mode select: one of the options"),
  ranked: z.array(z.string()).nullish().describe("with mode rank: all options, best first"),
  data: z
    .unknown()
    .optional()
    .describe("with mode answer: the answer, a value of the dataSchema; without it, note is read as JSON"),
  requestedAtMs: z
    .number()
    .int()
    .optional()
    .describe(
      "requestedAtMs of the question that is answered; when the node asks another one now, the decision is refused",
    ),
}).meta({ examples: [{ note: "Looks good", decidedBy: "ann" }] });
export type DecisionBody = z.infer<typeof decisionBodySchema>;

/** Body of retry. */
export const retryBodySchema = bodyFields({
  iteration: z
    .number()
    .int()
    .nonnegative()
    .optional()
    .describe("iteration of the node's loop; default: the last failed one"),
});

export const signalBodySchema = bodyWithPayload("data", {
  data: z.unknown().optional(),
  correlationId: z.string().min(1).max(maxCorrelationIdLength).nullish(),
  receivedBy: z.string().max(512).nullish(),
}).meta({ examples: [{ data: { paid: true }, correlationId: "order-17" }] });
export type SignalBody = z.infer<typeof signalBodySchema>;

/** Body of resume: the workflow's path, if the file has moved. */
export const resumeBodySchema = bodyFields({ workflowPath });

import { z } from "zod";
import { frameSchema } from "../model/entities.ts";
import { smithersEventSchema } from "../model/event-schemas.ts";
import {
  approvalsAnswerSchema,
  approvalsChangedSchema,
  healthAnswerSchema,
  nodeDetailSchema,
  nodeItemSchema,
  openApiAnswerSchema,
  runDetailSchema,
  runIdAnswerSchema,
  runListItemSchema,
  signalAnswerSchema,
  workflowItemSchema,
} from "./answers.ts";

/**
 * The schemas of all answers, by name. Operations name theirs: only the OpenAPI document loads this module, because
 * building the schemas takes longer than opening a database.
 */
export const answerSchemas = {
  approvals: approvalsAnswerSchema,
  change: z.union([runListItemSchema, approvalsChangedSchema]),
  event: smithersEventSchema,
  frames: frameSchema.array(),
  health: healthAnswerSchema,
  node: nodeDetailSchema,
  nodes: nodeItemSchema.array(),
  openApi: openApiAnswerSchema,
  run: runDetailSchema,
  runId: runIdAnswerSchema,
  runs: runListItemSchema.array(),
  signal: signalAnswerSchema,
  text: z.string(),
  workflows: workflowItemSchema.array(),
} as const satisfies Record<string, z.ZodType>;

export type AnswerName = keyof typeof answerSchemas;

/** What an operation answers, by the name of its answer's schema. */
export type AnswerBodies = { readonly [Name in AnswerName]: z.input<(typeof answerSchemas)[Name]> };

import { z } from "zod";
import { errorRecordSchema, frameSchema } from "../model/entities.ts";
import { eventSchema, smithersEventSchema } from "../model/event-schemas.ts";
import { eventTypes } from "../model/events.ts";
import { runHealthSchema } from "../model/run-health-schema.ts";
import { nodeStateSchema, runStatusSchema } from "../model/status-schemas.ts";
import {
  approvalItemSchema,
  errorBodySchema,
  nodeDetailSchema,
  nodeItemSchema,
  runDetailSchema,
  runIdAnswerSchema,
  runListItemSchema,
  signalAnswerSchema,
  workflowItemSchema,
} from "./answers.ts";
import { eventReference, exampleEvent } from "./event-reference.ts";
import {
  decisionBodySchema,
  resumeBodySchema,
  retryBodySchema,
  runConfigSchema,
  signalBodySchema,
  startRunBodySchema,
} from "./requests.ts";

/** The names that schemas have in the OpenAPI document. A separate registry, for workflows use Zod's global one. */
export const apiSchemas = z.registry<{ id: string; description?: string; examples?: unknown[] }>();

const named: Record<string, z.ZodType> = {
  Approval: approvalItemSchema,
  Decision: decisionBodySchema,
  ErrorAnswer: errorBodySchema,
  ErrorRecord: errorRecordSchema,
  Event: smithersEventSchema,
  Frame: frameSchema,
  Node: nodeItemSchema,
  NodeDetail: nodeDetailSchema,
  NodeState: nodeStateSchema,
  ResumeRun: resumeBodySchema,
  RetryNode: retryBodySchema,
  Run: runDetailSchema,
  RunConfig: runConfigSchema,
  RunId: runIdAnswerSchema,
  RunListItem: runListItemSchema,
  RunHealth: runHealthSchema,
  RunStatus: runStatusSchema,
  Signal: signalBodySchema,
  SignalAnswer: signalAnswerSchema,
  StartRun: startRunBodySchema,
  Workflow: workflowItemSchema,
};
for (const [id, schema] of Object.entries(named)) apiSchemas.add(schema, { id });
for (const type of eventTypes) {
  const { about } = eventReference[type];
  apiSchemas.add(eventSchema(type), { id: `${type}Event`, description: about, examples: [exampleEvent(type)] });
}

import { z } from "zod";
import { nodeKinds, nodeStates, runStatuses } from "./status.ts";

export const runStatusSchema = z.enum(runStatuses);
export const nodeStateSchema = z.enum(nodeStates);
export const nodeKindSchema = z.enum(nodeKinds);

import { z } from "zod";
import { nodeStates, runStatuses } from "./status.ts";

export const runStatusSchema = z.enum(runStatuses);
export const nodeStateSchema = z.enum(nodeStates);

import type { CommandDefinition } from "../command.ts";
import { cancel } from "./cancel.ts";
import { doctor } from "./doctor.ts";
import { init } from "./init.ts";
import { ps } from "./ps.ts";
import { resume } from "./resume.ts";
import { retry } from "./retry.ts";
import { server } from "./server.ts";
import { up } from "./up.ts";

/** Every command, in the order in which help lists them. */
export const commands: readonly CommandDefinition[] = [up, init, server, resume, retry, ps, cancel, doctor];

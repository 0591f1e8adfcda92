import type { CommandDefinition } from "../command.ts";
import { approve } from "./approve.ts";
import { backup } from "./backup.ts";
import { cancel } from "./cancel.ts";
import { completions } from "./completions.ts";
import { db } from "./db.ts";
import { deny } from "./deny.ts";
import { doctor } from "./doctor.ts";
import { events } from "./events.ts";
import { frames } from "./frames.ts";
import { gc } from "./gc.ts";
import { graph } from "./graph.ts";
import { init } from "./init.ts";
import { inspect } from "./inspect.ts";
import { logs } from "./logs.ts";
import { node } from "./node.ts";
import { ps } from "./ps.ts";
import { resume } from "./resume.ts";
import { retry } from "./retry.ts";
import { server } from "./server.ts";
import { signal } from "./signal.ts";
import { trust } from "./trust.ts";
import { up } from "./up.ts";
import { why } from "./why.ts";

/** All commands, in the order of the help. */
export const commands: readonly CommandDefinition[] = [
  up,
  resume,
  retry,
  server,
  init,
  ps,
  inspect,
  why,
  node,
  logs,
  events,
  frames,
  graph,
  approve,
  deny,
  signal,
  cancel,
  gc,
  backup,
  db,
  trust,
  doctor,
  completions,
];

import type { Benchmark } from "../benchmark.ts";
import { calm } from "./calm.ts";
import { command } from "./command.ts";
import { database } from "./database.ts";
import { installed } from "./installed.ts";
import { largeOutputs } from "./large-outputs.ts";
import { memory } from "./memory.ts";
import { page } from "./page.ts";
import { reading } from "./reading.ts";
import { run } from "./run.ts";
import { sandbox } from "./sandbox.ts";
import { start } from "./start.ts";
import { fanOut, loop, sequence } from "./steps.ts";
import { stream } from "./stream.ts";
import { throughput } from "./throughput.ts";
import { wake } from "./wake.ts";
import { workers } from "./workers.ts";

/** In the order of the table of targets. */
export const benchmarks: readonly Benchmark[] = [
  run,
  throughput,
  sequence,
  fanOut,
  loop,
  reading,
  stream,
  wake,
  memory,
  largeOutputs,
  workers,
  calm,
  database,
  start,
  command,
  installed,
  page,
  sandbox,
];

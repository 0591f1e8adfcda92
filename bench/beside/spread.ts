import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { inFlight } from "../client.ts";
import type { BenchPostgres } from "../postgres.ts";
import { BenchServer } from "../server.ts";
import { median } from "../statistics.ts";

/** Attempts that a server executes at once. */
const places = 16;

/** What one server, or two, make of the same runs. */
export interface Spread {
  /** How many servers there are, and which of them the runs are given to. */
  readonly servers: "one" | "two" | "two, runs given to the first";
  readonly runsPerSecond: number;
  /** The rate of {@link servers} in proportion to that of one server: the median over the rounds. */
  readonly times: number;
  /** CPU time per run of the servers with their workers, Postgres and this client, in ms. */
  readonly cpuMs: number;
  /** Share of the machine's cores that they took, and share that all programs took, from 0 to 1. */
  readonly share: number;
  readonly busy: number;
}

/**
 * Measures runs of one task that only waits for `taskMs`, on servers that execute 16 at once: with one server, with two
 * that get every other run, and with two of which the first gets all. At most 16 runs per `taskMs` end on a server.
 */
export async function spread(
  folder: string,
  postgres: BenchPostgres,
  { taskMs, total, rounds }: { readonly taskMs: number; readonly total: number; readonly rounds: number },
): Promise<Spread[]> {
  const start = async (name: string, count: number) => {
    const db = await postgres.createDatabase(`${name}_${taskMs}`);
    const servers: BenchServer[] = [];
    for (let n = 0; n < count; n++) {
      servers.push(await BenchServer.start(join(folder, name), { db, maxConcurrency: places }));
    }
    return servers;
  };
  const alone = await start("alone", 1);
  const together = await start("together", 2);
  const setups = [
    { servers: "one", all: alone, given: alone },
    { servers: "two", all: together, given: together },
    { servers: "two, runs given to the first", all: together, given: together.slice(0, 1) },
  ] as const;
  const rates = setups.map((): number[] => []);
  const costs = setups.map((): Cost[] => []);
  const cpuOf = (servers: readonly BenchServer[]) =>
    servers.reduce((sum, server) => sum + server.treeCpuMs(), postgres.cpuMs() + ownCpuMs());
  const round = async ({ all, given }: (typeof setups)[number]) => {
    const [cpu, machine, begin] = [cpuOf(all), busyMs(), performance.now()];
    // Somewhat more than the places of two servers, so that none of them has to wait for the next request.
    await inFlight(total, 2.5 * places, (n) =>
      given[n % given.length]!.client.complete("bench-paced.tsx", { length: 1, pauseMs: taskMs }),
    );
    const ms = performance.now() - begin;
    const used = cpuOf(all) - cpu;
    const cores = ms * availableParallelism();
    return [
      (total / ms) * 1_000,
      { cpuMs: used / total, share: used / cores, busy: (busyMs() - machine) / cores },
    ] as const;
  };
  try {
    for (const setup of setups) await round(setup);
    for (let n = 0; n < rounds; n++) {
      for (const [at, setup] of setups.entries()) {
        const [rate, cost] = await round(setup);
        rates[at]!.push(rate);
        costs[at]!.push(cost);
      }
    }
  } finally {
    for (const server of [...alone, ...together]) await server.stop();
  }
  return setups.map(({ servers }, at) => ({
    servers,
    runsPerSecond: median(rates[at]!),
    times: median(rates[at]!.map((rate, n) => rate / rates[0]![n]!)),
    cpuMs: median(costs[at]!.map(({ cpuMs }) => cpuMs)),
    share: median(costs[at]!.map(({ share }) => share)),
    busy: median(costs[at]!.map(({ busy }) => busy)),
  }));
}

type Cost = Pick<Spread, "cpuMs" | "share" | "busy">;

function ownCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/** CPU time that all cores have spent on anything so far, in ms: see proc_stat(5). */
function busyMs(): number {
  const [user, nice, system, , , irq, softirq] = readFileSync("/proc/stat", "utf8")
    .split("\n")[0]!
    .split(/\s+/)
    .slice(1);
  return [user, nice, system, irq, softirq].reduce((sum, ticks) => sum + Number(ticks) * 10, 0);
}

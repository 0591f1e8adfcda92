/**
 * The long crash campaign: rounds of twenty kills, every other one with two servers on one database file. With
 * `--postgres`, rounds of twenty faults of all kinds, with two and three servers in turn on a Postgres of their own.
 * Prints what was done and what was seen; ends with 1, and the seed, when anything that was promised is not so.
 */
import { parseArgs } from "node:util";
import { cleanUp } from "../support/cleanup.ts";
import { crashRound } from "./campaign.ts";
import { Totals } from "./totals.ts";

const { values } = parseArgs({
  options: { kills: { type: "string" }, seed: { type: "string" }, postgres: { type: "boolean" } },
});
const kills = number("kills", 300);
const seed = number("seed", Date.now() % 1_000_000);
const killsPerRound = 20;
const calmStarts = 500;

const beganAtMs = performance.now();
const totals = new Totals();
const done = () => (values.postgres ? totals.faults : totals.kills);
/** Every so many rounds there is one in which the runs alone do harm. */
const calmEvery = 5;
for (let round = 0; done() < kills; round++) {
  const options = {
    seed: seed + round,
    kills: Math.min(killsPerRound, kills - done()),
    servers: values.postgres ? (round % 2 === 0 ? 2 : 3) : round % 2 === 0 ? 1 : 2,
    pauses: values.postgres || round % 2 === 1,
    workers: round % 4 === 1 ? 0 : 4,
    hurtsWorkers: round % 4 >= 2,
    hostile: round % 3 === 1,
    postgres: values.postgres ?? false,
    byLock: values.postgres === true && round % 4 === 3,
  } as const;
  const isCalm = !values.postgres && round % calmEvery === calmEvery - 1;
  const result = await crashRound(
    isCalm ? { ...options, kills: 0, servers: 1, workers: 4, hurtsWorkers: false, hostile: true, calmStarts } : options,
  );
  totals.add(result);
  await cleanUp();
  console.log(`round ${round + 1}: ${done()} faults, ${totals.runs} runs, ${result.wrong.length} wrong`);
  if (result.wrong.length > 0) {
    console.error(result.log);
    console.error(result.wrong.join("\n"));
    console.error(
      `\nAgain: npm run crash -- ${values.postgres ? "--postgres " : ""}--seed ${options.seed} --kills ${options.kills}`,
    );
    process.exit(1);
  }
}
console.log(`\n${totals.table()}\nseed ${seed}, ${Math.round((performance.now() - beganAtMs) / 1000)} s`);

function number(name: "kills" | "seed", otherwise: number): number {
  const given = values[name];
  if (given === undefined) return otherwise;
  if (!/^\d+$/.test(given)) throw new Error(`--${name} is no whole number: ${given}`);
  return Number(given);
}

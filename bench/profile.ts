/**
 * Shows where the time of a step goes: runs each hot path on its own server under Bun's sampling profiler, and assigns
 * each sample to a part of the code by the innermost frames of its stack.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { type Client, inFlight } from "./client.ts";
import { type CpuProfile, type HotPathProfile, sharesOf } from "./cpu-profile.ts";
import { BenchServer } from "./server.ts";

interface HotPath {
  readonly name: string;
  /** What the figures are divided by: runs, steps, tasks, decisions. */
  readonly unit: string;
  /** Does a fixed number of these units, and returns the number. */
  drive(client: Client): Promise<number>;
}

const ofLength =
  (workflow: Parameters<Client["complete"]>[0], length: number, runs: number) => async (client: Client) => {
    for (let n = 0; n < runs; n++) await client.complete(workflow, { length });
    return length * runs;
  };

const hotPaths: readonly HotPath[] = [
  {
    name: "run",
    unit: "trivial run, one at a time",
    async drive(client) {
      for (let n = 0; n < 1_000; n++) await client.complete("bench-one.tsx");
      return 1_000;
    },
  },
  {
    name: "throughput",
    unit: "trivial run, 16 in flight",
    async drive(client) {
      await inFlight(4_000, 16, () => client.complete("bench-one.tsx"));
      return 4_000;
    },
  },
  { name: "sequence", unit: "step of a sequence of 1,000", drive: ofLength("bench-sequence.tsx", 1_000, 4) },
  {
    name: "reading",
    unit: "step of 1,000 that reads the one before in the tree",
    drive: ofLength("bench-reading.tsx", 1_000, 2),
  },
  { name: "fan-out", unit: "task of a fan-out of 1,000", drive: ofLength("bench-fan-out.tsx", 1_000, 10) },
  { name: "loop", unit: "iteration of a loop of 1,000", drive: ofLength("bench-loop.tsx", 1_000, 4) },
  {
    name: "wake",
    unit: "decision on a parked run",
    async drive(client) {
      for (let n = 0; n < 500; n++) {
        const runId = await client.start("bench-approval.tsx");
        await client.until(runId, ({ type }) => type === "ApprovalRequested");
        await client.post(`/v1/runs/${runId}/nodes/ask/approve`);
        await client.finished(runId);
      }
      return 500;
    },
  },
];

const { values } = parseArgs({ options: { only: { type: "string" }, json: { type: "string" } } });
const wanted = values.only?.split(",");
mkdirSync(".tmp", { recursive: true });
const folder = mkdtempSync(resolve(".tmp", "profile-"));
const profiles: HotPathProfile[] = [];
try {
  for (const path of hotPaths) {
    if (wanted && !wanted.includes(path.name)) continue;
    const measured = await profiled(path, join(folder, path.name));
    profiles.push(measured);
    console.log(textOf(measured));
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(profiles, null, 2)}\n`);

async function profiled(path: HotPath, rootDir: string): Promise<HotPathProfile> {
  const begin = performance.now();
  const bunArgs = ["--cpu-prof", "--cpu-prof-dir", join(rootDir, "profiles"), "--cpu-prof-interval", "200"];
  const server = await BenchServer.start(rootDir, { bunArgs, fromSource: true });
  await path.drive(server.client);
  const warmMs = performance.now() - begin;
  const cpuBefore = server.cpuMs();
  const from = performance.now();
  const count = await path.drive(server.client);
  const wallMs = performance.now() - from;
  const cpuMs = server.cpuMs() - cpuBefore;
  await server.stop();
  const [file] = readdirSync(join(rootDir, "profiles")).filter((name) => name.endsWith(".cpuprofile"));
  const profile: CpuProfile = JSON.parse(readFileSync(join(rootDir, "profiles", file!), "utf8"));
  const parts = sharesOf(profile, warmMs, wallMs).map(({ part, ms }) => ({ part, ms: ms / count }));
  return { name: path.name, unit: path.unit, wallMs: wallMs / count, cpuMs: cpuMs / count, parts };
}

function textOf({ name, unit, wallMs, cpuMs, parts }: HotPathProfile): string {
  const busyMs = parts.reduce((sum, { ms }) => sum + ms, 0);
  const lines = parts.map(
    ({ part, ms }) =>
      `  ${part.padEnd(34)}${ms.toFixed(3).padStart(8)} ms ${`${((ms / busyMs) * 100).toFixed(0)} %`.padStart(6)}`,
  );
  const head = `${name}, per ${unit}: ${wallMs.toFixed(3)} ms elapsed, ${cpuMs.toFixed(3)} ms of CPU time`;
  return [head, ...lines, ""].join("\n");
}

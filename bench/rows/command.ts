import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Benchmark } from "../benchmark.ts";
import { inFlight } from "../client.ts";
import { median } from "../statistics.ts";

const smithers = fileURLToPath(new URL("../../bin/smithers.js", import.meta.url));

export const command: Benchmark = {
  name: "command",
  title: "a command, from start to exit of its process",
  needsProcess: true,
  async run(bench) {
    const server = await bench.server({ synchronous: "normal" });
    await inFlight(bench.size(1_000, 100), 16, () => server.client.complete("bench-one.tsx"));
    const runId = await server.client.start("bench-approval.tsx");
    const ms = (...args: string[]) => {
      const rounds: number[] = [];
      for (let n = 0; n < bench.size(15, 5); n++) {
        const startMs = performance.now();
        const { status, stderr } = spawnSync(smithers, args, { cwd: server.rootDir, encoding: "utf8" });
        rounds.push(performance.now() - startMs);
        if (status !== 0) throw new Error(`smithers ${args.join(" ")} exited with ${status}: ${stderr}`);
      }
      return median(rounds);
    };
    const figures = [
      { what: "smithers --help", value: ms("--help"), unit: "ms", atMost: 150 },
      { what: "smithers ps", value: ms("ps"), unit: "ms", atMost: 150 },
      { what: "smithers inspect", value: ms("inspect", runId), unit: "ms" },
    ];
    await server.stop();
    return figures;
  },
};

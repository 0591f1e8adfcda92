import { spawn } from "node:child_process";
import { closeSync, constants, openSync } from "node:fs";
import { join } from "node:path";
import type { Sandbox } from "../../src/tools/sandbox/index.ts";
import type { Benchmark, Figure } from "../benchmark.ts";
import { median } from "../statistics.ts";

// As it is published.
const compiled = join(import.meta.dirname, "../../dist/tools/sandbox");
const { confinedTo, findProgram, searchSandbox, start }: typeof import("../../src/tools/sandbox/index.ts") =
  await import(`${compiled}/index.js`);

const mechanisms = ["bubblewrap", "unshare"] as const;

/** Measures a command that does nothing, bare and in each sandbox that works here, in the same rounds. */
export const sandbox: Benchmark = {
  name: "sandbox",
  title: "cost of the sandbox for a command",
  needsProcess: true,
  async run(bench) {
    const rootDir = bench.folder;
    const bash = findProgram("bash")!;
    const sandboxes = await Promise.all(
      mechanisms.map(async (name) => ({ name, sandbox: (await searchSandbox(name)).sandbox, spent: [] as number[] })),
    );
    const plain: number[] = [];
    for (let round = 0; round < bench.size(100, 20); round += 1) {
      plain.push(
        await timed(() => ended(spawn(bash, ["-c", "true"], { cwd: rootDir, stdio: ["ignore", "pipe", "pipe"] }))),
      );
      for (const { sandbox, spent } of sandboxes) {
        if (sandbox) spent.push(await timed(() => ended(confine(sandbox, rootDir, bash))));
      }
    }
    return [
      { what: "a plain spawn", value: median(plain), unit: "ms" },
      ...sandboxes.flatMap(({ name, spent }): Figure[] =>
        spent.length === 0
          ? []
          : [{ what: `  added by ${name}`, value: median(spent) - median(plain), unit: "ms", atMost: 15 }],
      ),
    ];
  },
};

function confine(sandbox: Sandbox, rootDir: string, bash: string) {
  const rootFd = openSync(rootDir, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    return start(sandbox, confinedTo(rootDir, rootFd), [bash, "-c", "true"]);
  } finally {
    closeSync(rootFd);
  }
}

const ended = (child: { on(event: "close", listener: () => void): unknown }) =>
  new Promise<void>((resolve) => void child.on("close", resolve));

async function timed(work: () => Promise<void>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

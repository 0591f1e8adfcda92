import { spawn } from "node:child_process";
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { searchSandbox } from "../src/tools/sandbox/detect.ts";
import { findProgram, type Sandbox, start } from "../src/tools/sandbox/index.ts";

export interface SandboxCost {
  /** Milliseconds of `bash -c true` without a sandbox, the median. */
  readonly plain: number;
  /** What each mechanism adds to that, in milliseconds; absent where it does not work. */
  readonly added: { readonly bubblewrap?: number; readonly unshare?: number };
}

/** What the sandbox costs a command that does nothing, beside a plain spawn in the same rounds. */
export async function sandboxCost(rounds: number): Promise<SandboxCost> {
  const rootDir = realpathSync(mkdtempSync(join(tmpdir(), "smithers-bench-")));
  const bash = findProgram("bash")!;
  const names = ["bubblewrap", "unshare"] as const;
  const sandboxes = await Promise.all(names.map(async (name) => (await searchSandbox(name)).sandbox));
  const plain: number[] = [];
  const confined: number[][] = names.map(() => []);
  try {
    for (let round = 0; round < rounds; round += 1) {
      plain.push(
        await timed(() => ended(spawn(bash, ["-c", "true"], { cwd: rootDir, stdio: ["ignore", "pipe", "pipe"] }))),
      );
      for (const [index, sandbox] of sandboxes.entries()) {
        if (sandbox) confined[index]!.push(await timed(() => ended(confine(sandbox, rootDir, bash))));
      }
    }
  } finally {
    rmSync(rootDir, { recursive: true });
  }
  const base = median(plain);
  const added = names.flatMap((name, index) =>
    confined[index]!.length > 0 ? [[name, median(confined[index]!) - base] as const] : [],
  );
  return { plain: base, added: Object.fromEntries(added) };
}

function confine(sandbox: Sandbox, rootDir: string, bash: string) {
  const policy = {
    rootDir,
    cwd: rootDir,
    readOnly: false,
    allowNetwork: false,
    visible: [],
    hidden: [],
    env: { PATH: "/usr/bin:/bin" },
  };
  return start(sandbox.wrap(policy, [bash, "-c", "true"]));
}

const ended = (child: { on(event: "close", listener: () => void): unknown }) =>
  new Promise<void>((resolve) => void child.on("close", resolve));

async function timed(work: () => Promise<void>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

const median = (values: number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

if (import.meta.main) {
  const { plain, added } = await sandboxCost(Number(process.argv[2] ?? 60));
  console.log(`bash -c true, a plain spawn                 ${plain.toFixed(1)} ms`);
  for (const [name, ms] of Object.entries(added))
    console.log(`  in a sandbox by ${name.padEnd(26)} +${ms.toFixed(1)} ms`);
}

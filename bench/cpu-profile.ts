/** The output of Bun's `--cpu-prof`, in the format of Chrome's profiler. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string };
    readonly children?: readonly number[];
  }[];
  /** Ids of nodes. */
  readonly samples: readonly number[];
  /** Microseconds since the previous sample. */
  readonly timeDeltas: readonly number[];
}

export interface Share {
  readonly part: string;
  readonly ms: number;
}

/** How the time of a hot path is distributed, in milliseconds per `unit`. */
export interface HotPathProfile {
  readonly name: string;
  readonly unit: string;
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly parts: readonly Share[];
}

/**
 * Patterns of stack frames. A sample belongs to the part of the innermost matching frame; the first matching pattern
 * counts.
 */
const parts: readonly [part: string, fits: RegExp][] = [
  ["commit (SQLite)", /#transaction@.*\/store\/sqlite\/writer\.ts/],
  // The driver's frames, in src/runtime, belong to their caller: a commit or a statement.
  ["statements (SQLite and rows)", /\/src\/store\//],
  ["validation (Zod)", /node_modules\/zod\//],
  ["the frame's texts and hashes", /\/src\/engine\/turn\/frame\.ts/],
  ["plan and schedule", /\/src\/plan\//],
  ["render: the author's code", /\/\.?bench-[^/]*\.tsx/],
  ["render: React and components", /node_modules\/(react|react-reconciler|scheduler)\/|\/src\/jsx\//],
  ["metrics, traces and log", /\/src\/telemetry\/|@opentelemetry|node_modules\/(pino|sonic-boom|thread-stream)/],
  ["loading the workflow", /\/src\/loader\/|\/src\/runtime\/bun\/bundle\.ts/],
  ["event streams", /\/src\/server\/event-stream\.ts|\/src\/engine\/feed\.ts/],
  ["HTTP", /\/src\/server\/|node_modules\/(@hono|hono)\/|node:_?http|node:net|internal:http|internal:streams/],
  ["turns, attempts, drafts", /\/src\/engine\//],
];

/** A longer gap between two samples counts as idle time. */
const longestSampleMs = 1;

/** Milliseconds per part within a window of the profile, longest first. */
export function sharesOf(profile: CpuProfile, fromMs: number, lengthMs: number): Share[] {
  const partOf = partsByNode(profile);
  const ms = new Map<string, number>();
  let atMs = 0;
  profile.samples.forEach((id, index) => {
    const passedMs = profile.timeDeltas[index]! / 1_000;
    atMs += passedMs;
    if (atMs < fromMs || atMs > fromMs + lengthMs) return;
    const part = partOf.get(id)!;
    ms.set(part, (ms.get(part) ?? 0) + Math.min(passedMs, longestSampleMs));
  });
  return [...ms].map(([part, value]) => ({ part, ms: value })).sort((a, b) => b.ms - a.ms);
}

function partsByNode({ nodes }: CpuProfile): Map<number, string> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const partOf = new Map<number, string>();
  const visit = (id: number, inherited: string) => {
    const { callFrame, children = [] } = byId.get(id)!;
    const frame = `${callFrame.functionName}@${callFrame.url}`;
    const part = parts.find(([, fits]) => fits.test(frame))?.[0] ?? inherited;
    partOf.set(id, part);
    for (const child of children) visit(child, part);
  };
  visit(nodes[0]!.id, "the runtime");
  return partOf;
}

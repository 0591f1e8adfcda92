import { describe, expect, test } from "bun:test";
import type { RunDetail } from "../../src/api/index.ts";
import type { ErrorRecord } from "../../src/errors/index.ts";
import { forAllTests } from "../support/cleanup.ts";
import { folder } from "../support/folder.ts";
import { hostedCommands } from "../support/hosted-commands.ts";
import { ServerProcess } from "../support/process.ts";
import { workflowFile } from "../support/workflows.ts";

const { smithers, smithersJson } = hostedCommands({ executes: true });

/** Each place is marked in the source, so that a test finds its line by itself. */
const lib = `export function boom(): never {
  throw new TypeError("kaputt"); // boom
}
export async function later(): Promise<never> {
  await 1;
  return boom();
}
`;
const tree = `
  {ctx.input.case === "prompt" ? <Task id="t" noRetry output={outputs.result} agent={agent} deps={{}}>{() => boom()}</Task> : null}
  {ctx.input.case === "agent" ? <Task id="t" noRetry output={outputs.result} agent={agent}>Go</Task> : null}
  {ctx.input.case === "render" ? <Broken /> : null}
  {thrown[ctx.input.case] ? <Task id="t" noRetry output={outputs.result}>{thrown[ctx.input.case]}</Task> : null}`;
const head = `import { boom, later } from "./lib/throws.ts";
import { mkdir } from "node:fs/promises";
const agent = { generate: async () => { throw new Error("no model"); } }; // agent
const Broken = () => boom();
const thrown: any = {
  task: () => boom(),
  later: () => later(),
  own: async () => { throw Object.assign(new Error("outer"), { status: 503, headers: { authorization: "s3cret" } }); }, // own
  chain: () => { throw new Error("outer", { cause: new Error("middle", { cause: new RangeError("deepest") }) }); }, // chain
  members: () => { throw new AggregateError([new Error("first"), new TypeError("second")], "all"); }, // members
  tool: async () => ({ value: await bash("exit 3") }), // tool
  builtin: async () => JSON.parse("{"), // builtin
  system: async () => { await mkdir("/proc/none/none"); }, // system
  text: () => { throw "only text"; }, // text
};`;
const files = { "flows/throws.tsx": workflowFile(tree, { head }), "flows/lib/throws.ts": lib };

const lineOf = (file: keyof typeof files, mark: string) =>
  files[file].split("\n").findIndex((line) => line.endsWith(`// ${mark}`)) + 1;
const inLib = { file: "flows/lib/throws.ts", line: lineOf("flows/lib/throws.ts", "boom") };
const inFlow = (mark: string) => ({ file: "flows/throws.tsx", line: lineOf("flows/throws.tsx", mark) });

/** [case, where it was thrown] */
const sites: [string, { file: string; line: number }][] = [
  ["task", inLib],
  ["later", inLib],
  ["prompt", inLib],
  ["render", inLib],
  ["agent", inFlow("agent")],
  ["own", inFlow("own")],
  ["chain", inFlow("chain")],
  ["members", inFlow("members")],
  ["tool", inFlow("tool")],
  ["builtin", inFlow("builtin")],
  ["system", inFlow("system")],
];

/** [what, the tree of its workflow, the code of its error]: errors without a line of the author in their stacks */
const trees: [string, string, string][] = [
  [
    "an output that does not fit",
    "<Task id='t' noRetry output={outputs.result}>{() => ({ other: 1 })}</Task>",
    "INVALID_OUTPUT",
  ],
  ["a literal that does not fit", '<Task id={"t"} output={outputs.result}>{{ other: 1 }}</Task>', "INVALID_OUTPUT"],
  [
    "what Zod's parse throws",
    '<Task id="t" noRetry output={outputs.result}>{() => z.object({ a: z.string() }).parse({ a: 1 })}</Task>',
    "TASK_FAILED",
  ],
  ["a misspelt prop", '<Task id="t" retry={3} output={outputs.result}>{1}</Task>', "INVALID_WORKFLOW"],
  ["an unknown output", '<Task id="t" output="results">{1}</Task>', "INVALID_WORKFLOW"],
  ["a wrong duration", '<Timer id="t" duration="3 hours" />', "INVALID_WORKFLOW"],
  [
    "an id that occurs twice",
    '<Task id="t" output={outputs.result}>{1}</Task>\n<Task id="t" output={outputs.result}>{1}</Task>',
    "DUPLICATE_ID",
  ],
  [
    "a wrong prop in a loop",
    '<Loop until={false}><Sequence>\n<Timer id="t" duration="x" /></Sequence></Loop>',
    "INVALID_WORKFLOW",
  ],
];
/** Trees whose ids do not say which node has the error. */
const withoutPlace: [string, string, string][] = [
  [
    "several nodes",
    '{ctx.input.none ? <Timer id="t" duration="1s" /> : null}\n<Timer id="t" duration="x" />',
    "INVALID_WORKFLOW",
  ],
  ["a computed id", '<Timer id={String("t")} duration="x" />', "INVALID_WORKFLOW"],
];

/** The workflow file of one of these trees. */
function fileOf(what: string) {
  const all = [...trees, ...withoutPlace];
  const index = all.findIndex(([name]) => name === what);
  const schemas = "result: z.object({ value: z.number(), a: z.string() })";
  return { file: `flows/w${index}.tsx`, source: workflowFile(`\n${all[index]![1]}`, { schemas }) };
}

/** Those whose records the commands read differently: with and without a node, with causes, with a code of its own. */
const shownByCommands = ["later", "render", "chain", "tool"];

/** Has run each case, under its name as the run's id. */
const served = forAllTests(async () => {
  const others = [...trees, ...withoutPlace].map(([what]) => ({ what, ...fileOf(what) }));
  const root = folder({ ...files, ...Object.fromEntries(others.map(({ file, source }) => [file, source])) });
  const server = await ServerProcess.start(root, { SMITHERS_LOG_LEVEL: "info" }, { captureLog: true });
  const runs = new Map<string, RunDetail>();
  for (const which of [...sites.map(([name]) => name), "text"])
    runs.set(which, await server.complete("flows/throws.tsx", { case: which }, { runId: which }));
  for (const { what, file } of others) runs.set(what, await server.complete(file));
  return { root, server, runs };
});

function failed(which: string) {
  const { root, runs } = served();
  return { root, error: runs.get(which)!.error as ErrorRecord & { details: Record<string, unknown> } };
}

test("what is thrown names its place in the answers, the log and the commands; answers have no stack", async () => {
  const { root, server } = served();
  for (const [which, at] of sites) {
    expect(failed(which).error.details).toMatchObject({ at });
    const answers = [];
    for (const path of ["", "/nodes", "/events"]) answers.push((await server.get(`/v1/runs/${which}${path}`)).body);
    const sent = JSON.stringify([...answers, await server.allRuns()]);
    expect(sent).not.toMatch(/\\n\s+at |node_modules/);
    expect(sent).not.toContain(root);
  }
  await server.stop("SIGTERM");
  const lines = server.log
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

  for (const [which, at] of sites) {
    const place = `${at.file}:${at.line}:`;
    const message = which === "render" ? "run failed" : "node failed";
    const logged = lines.find(({ runId, msg }) => runId === which && msg === message);
    expect(logged.err.at).toStartWith(place);
    expect(logged.err.stack).toMatch(new RegExp(`\\n +at .*${place}`));
    expect(logged.err.stack).not.toContain(root);
    expect(logged.err.stack).not.toContain("node_modules");

    if (!shownByCommands.includes(which)) continue;
    for (const command of ["why", "logs"]) {
      expect((await smithers(root, command, which)).out).toContain(` failed at ${place}`);
    }
    if (which === "render") continue;
    const node = await smithers(root, "node", which, "t");
    expect(node.out).toMatch(new RegExp(`^Thrown at +${place}`, "m"));
    expect(node.out).toMatch(new RegExp(`^ +at .*${place}`, "m"));
    expect((await smithersJson(root, "node", which, "t")).stack).toBe(logged.err.stack);
  }
});

test("an error keeps its own fields as JSON, without what is a secret by its name", async () => {
  const { error } = failed("own");
  expect(error).toMatchObject({ code: "TASK_FAILED", message: "outer", details: { name: "Error", status: 503 } });
  expect(JSON.stringify(error)).not.toContain("s3cret");
});

test("an error keeps its causes, and node shows them with their stacks", async () => {
  const { root, error } = failed("chain");
  expect(error.details).toMatchObject({
    cause: { message: "middle", cause: { name: "RangeError", message: "deepest" } },
  });
  const { out } = await smithers(root, "node", "chain", "t");
  for (const words of ["Caused by: Error: middle", "Caused by: RangeError: deepest"]) expect(out).toContain(words);
});

test("an AggregateError keeps its members", async () => {
  const { root, error } = failed("members");
  const { file, line } = inFlow("members");
  expect((await smithers(root, "inspect", "members")).out).toContain(`TASK_FAILED in t at ${file}:${line}:`);
  expect(error.details.errors).toMatchObject([{ message: "first" }, { name: "TypeError", message: "second" }]);
  expect((await smithers(root, "node", "members", "t")).out).toContain("Error 2: TypeError: second");
});

test("what a component throws is the cause of the run's error", async () => {
  const { error } = failed("render");
  expect(error).toMatchObject({ code: "RENDER_FAILED", details: { cause: { name: "TypeError", message: "kaputt" } } });
});

test("a thrown value that is not an error has no place, and is described as it is", async () => {
  const { root, error } = failed("text");
  expect(error).toEqual({ code: "TASK_FAILED", message: "only text", nodeId: "t" } as never);
  expect((await smithers(root, "node", "text", "t")).out).not.toContain("Thrown at");
});

describe("an error without a line of the author in its stack names the line of its node:", () => {
  test.each(trees)("%s", (what, _, code) => {
    const { file, source } = fileOf(what);
    const lines = source.split("\n").flatMap((line, index) => (/ id=.{0,2}t/.test(line) ? [index + 1] : []));
    expect(served().runs.get(what)).toMatchObject({
      status: "failed",
      error: { code, details: { at: { file, line: lines.at(-1) } } },
    });
  });

  test("but not when the id is computed, or several nodes have it", () => {
    for (const [what] of withoutPlace) {
      const { status, error } = served().runs.get(what)!;
      expect([status, error?.code]).toEqual(["failed", "INVALID_WORKFLOW"]);
      expect(error!.details).not.toHaveProperty("at");
    }
  });

  test.each([trees[0]!, trees[3]!])("up and why say it (%s)", async (what, _, code) => {
    const { file, source } = fileOf(what);
    const root = folder({ [file]: source });
    expect(await smithersJson(root, "up", file, "--run-id", "r")).toMatchObject({ error: { code } });
    const { line } = failed(what).error.details.at as { line: number };
    expect((await smithers(root, "why", "r")).out).toContain(` failed at ${file}:${line}:`);
  });
});

test("what Zod's parse throws is told as a line, with the issues as details", async () => {
  const tree = `<Task id="t" noRetry output={outputs.result}>{() => z.object({ a: z.string(), b: z.array(z.number()) }).parse({ b: [1, "2"] })}</Task>`;
  const root = folder({ "w.tsx": workflowFile(tree) });
  const { error } = await smithersJson(root, "up", "w.tsx");
  expect(error.message).toBe(
    "a: Invalid input: expected string, received undefined; b.1: Invalid input: expected number, received string",
  );
  expect(error.details).toMatchObject({ name: "ZodError", issues: [{ path: ["a"] }, { path: ["b", 1] }] });
});

import { type CommandContext, defineCommand } from "../command.ts";

interface Options {
  readonly runId?: string;
  readonly input?: string;
}

export const graph = defineCommand<Options>({
  name: "graph",
  group: "Inspect runs",
  summary: "Show the plan of a workflow without running it",
  description:
    "Shows what the first frame renders; parts that depend on results or decisions may change later. Nothing is " +
    "executed or stored.",
  arguments: [{ name: "<workflow>", description: "workflow file" }],
  options: [
    { flags: "-i, --input <json>", description: "the run's input: a JSON object, @file, or - for stdin" },
    { flags: "-r, --run-id <run>", description: "take the input of this run" },
  ],
  state: "database",
  json: "value",
  examples: [
    ["graph release.tsx", "the plan of a workflow"],
    [`graph release.tsx --input '{"version":"1.2"}' --json`, "the plan for an input, as JSON"],
  ],
  async run(context, { input, runId }, file) {
    const { out } = context;
    const [{ loadFile, closeLoaders }, { readInput }, { preview }, { workflowTreeLines }] = await Promise.all([
      import("../load-workflow.ts"),
      import("../input/input.ts"),
      import("../../engine/index.ts"),
      import("../terminal/workflow-tree.ts"),
    ]);
    try {
      const { workflow } = await loadFile(file!);
      const plan = await preview(
        workflow,
        input === undefined && runId ? await inputOf(context, runId) : readInput(input),
      );
      if (out.isJson) {
        out.json(plan);
        return undefined;
      }
      const tasks = new Map(plan.tasks.map((task) => [task.nodeId, task]));
      const lines = workflowTreeLines(plan.tree, (nodeId, what) => {
        const task = tasks.get(nodeId);
        const needs = task?.dependsOn.length ? `, after ${task.dependsOn.join(", ")}` : "";
        return `${out.style("bold", nodeId)} ${out.style("dim", what + needs + (task?.skipped ? ", skipped" : ""))}`;
      });
      for (const line of lines) out.line(line);
      return undefined;
    } finally {
      await closeLoaders();
    }
  },
});

/** The input of a stored run. */
async function inputOf(context: CommandContext, given: string): Promise<unknown> {
  const state = await context.database();
  const runId = await context.runId(given);
  const { store } = await state.locate(runId);
  return (await store.findRun(runId))!.input;
}

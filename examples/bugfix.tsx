/** @jsxImportSource smithers-orchestrator */
/**
 * Repairs a small program without a model: runs the failing test, takes every comparison in the source as a suspect, and
 * changes one after the other until the test passes.
 */
import { join } from "node:path";
import { bash, createSmithers, edit, isSmithersError, read, write } from "smithers-orchestrator";
import { z } from "zod";

const repo = join(import.meta.dir, "sample-repo");

const { smithers, outputs, Workflow, Task, Loop } = createSmithers({
  input: z.object({ description: z.string().min(1) }),
  test: z.object({ passed: z.boolean(), said: z.string() }),
  suspects: z.array(z.object({ line: z.number(), from: z.string(), to: z.string() })),
  trial: z.object({ passed: z.boolean(), change: z.string() }),
  report: z.object({ path: z.string(), fixed: z.boolean(), summary: z.string() }),
});

export default smithers((ctx) => {
  const workspace = join(repo, "..", ".bugfix", ctx.runId);
  const reproduced = ctx.outputMaybe(outputs.test, { nodeId: "reproduce" });
  const suspects = ctx.outputMaybe(outputs.suspects, { nodeId: "inspect" }) ?? [];
  const tried = ctx.iterationCount(outputs.trial, "try");
  const last = ctx.latest(outputs.trial, "try");

  return (
    <Workflow name="bugfix">
      <Task id="reproduce" output={outputs.test} label="Run the failing test">
        {async () => {
          await bash`mkdir -p ${workspace} && cp -R ${repo}/. ${workspace}`;
          return runTest(workspace);
        }}
      </Task>
      <Task id="inspect" output={outputs.suspects} label="Look for suspects" skipIf={reproduced?.passed === true}>
        {async () => suspectsIn(await read(join(repo, "session.js")))}
      </Task>
      <Loop
        id="repair"
        until={last?.passed === true || (reproduced !== undefined && tried >= suspects.length)}
        maxIterations={50}
      >
        <Task id="try" output={outputs.trial} label="Try a change" deps={{ inspect: outputs.suspects }}>
          {async ({ inspect }) => {
            const { line, from, to } = inspect[ctx.iteration]!;
            const path = join(workspace, "session.js");
            await write(path, await read(join(repo, "session.js")));
            await edit({ path, patch: `@@ -${line} +${line} @@\n-${from}\n+${to}\n` });
            const { passed } = await runTest(workspace);
            return { passed, change: `session.js:${line}\n- ${from.trim()}\n+ ${to.trim()}` };
          }}
        </Task>
      </Loop>
      <Task id="report" output={outputs.report} label="Write the report">
        {async () => {
          const fixed = last?.passed === true;
          const summary = fixed
            ? `Fixed after ${tried} of ${suspects.length} suspects.`
            : "No change makes the test pass.";
          const path = join(workspace, "report.md");
          const change = fixed ? `\n\`\`\`diff\n${last.change}\n\`\`\`\n` : "";
          await write(
            path,
            `# ${ctx.input.description}\n\nThe test said: ${reproduced?.said}\n\n${summary}\n${change}`,
          );
          return { path: join(".bugfix", ctx.runId, "report.md"), fixed, summary };
        }}
      </Task>
    </Workflow>
  );
});

async function runTest(folder: string): Promise<{ passed: boolean; said: string }> {
  try {
    return { passed: true, said: await bash(`${process.execPath} session.test.js`, { cwd: folder }) };
  } catch (error) {
    if (!isSmithersError(error) || error.code !== "TOOL_COMMAND_FAILED") throw error;
    const { stderr } = error.details as { stderr: string };
    return { passed: false, said: /AssertionError.*: (.*)/.exec(stderr)?.[1] ?? stderr.trim() };
  }
}

/** Replacements for each comparison operator: `<` and `<=`, `>` and `>=`. */
function suspectsIn(source: string) {
  return source.split("\n").flatMap((from, index) => {
    const changed = from.replace(/ ([<>])(=?) /, (_, sign, equal) => ` ${sign}${equal ? "" : "="} `);
    return changed === from ? [] : [{ line: index + 1, from, to: changed }];
  });
}

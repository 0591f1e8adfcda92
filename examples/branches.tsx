/** @jsxImportSource smithers-orchestrator */
/** Writes a note on a branch of its own for each topic, at the same time. Run it in a git repository. */
import { bash, createSmithers, write } from "smithers-orchestrator";
import { z } from "zod";

const { smithers, outputs, Workflow, Task, Parallel, Worktree } = createSmithers({
  input: z.object({ topics: z.array(z.string().regex(/^[a-z]+$/)).min(1), baseBranch: z.string().default("main") }),
  commit: z.object({ branch: z.string(), subject: z.string() }),
  report: z.object({ branches: z.array(z.string()) }),
});

export default smithers((ctx) => (
  <Workflow name="branches">
    <Parallel>
      {ctx.input.topics.map((topic) => {
        const branch = `notes/${topic}`;
        return (
          <Worktree key={topic} path={`.worktrees/${topic}`} branch={branch} baseBranch={ctx.input.baseBranch}>
            <Task id={`write-${topic}`} output={outputs.commit}>
              {async () => {
                await write(`notes/${topic}.md`, `# ${topic}\n`);
                await bash`git add notes && { git diff --cached --quiet || git commit --quiet -m ${`Add a note on ${topic}`}; }`;
                return { branch, subject: await bash("git log -1 --format=%s") };
              }}
            </Task>
          </Worktree>
        );
      })}
    </Parallel>
    <Task id="report" output={outputs.report}>
      {() => ({ branches: ctx.outputs.commit.map(({ branch }) => branch).sort() })}
    </Task>
  </Workflow>
));

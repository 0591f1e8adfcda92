/** @jsxImportSource smithers-orchestrator */
/** Reads a long list page by page. Each page is a run of its own, so that no run grows with the list. */
import { createSmithers } from "smithers-orchestrator";
import { z } from "zod";

const { smithers, outputs, Workflow, Task, Branch, ContinueAsNew } = createSmithers({
  input: z.object({ letters: z.number().int().default(25) }),
  page: z.object({ read: z.number(), next: z.number().nullable() }),
  report: z.object({ pages: z.number(), read: z.number() }),
});

const pageSize = 10;

export default smithers((ctx) => {
  const { letters } = ctx.input;
  const before = ctx.input.__smithersContinuation?.payload as { from: number; pages: number; read: number } | undefined;
  const { from, pages, read } = before ?? { from: 0, pages: 0, read: 0 };
  const page = ctx.outputMaybe(outputs.page, { nodeId: "page" });
  const done = { pages: pages + 1, read: read + (page?.read ?? 0) };
  return (
    <Workflow name="inbox">
      <Task id="page" output={outputs.page}>
        {() => {
          const to = Math.min(from + pageSize, letters);
          return { read: to - from, next: to < letters ? to : null };
        }}
      </Task>
      {page && (
        <Branch
          if={page.next !== null}
          then={<ContinueAsNew state={{ from: page.next, ...done }} />}
          else={
            <Task id="report" output={outputs.report}>
              {done}
            </Task>
          }
        />
      )}
    </Workflow>
  );
});

/** @jsxImportSource smithers-orchestrator */
/** What the compiler must accept and refuse; `npm run check` compiles it and nothing runs it. */
import { createSmithers, type Row, Workflow } from "smithers-orchestrator";
import { z } from "zod";

const { smithers, outputs, useCtx } = createSmithers({
  input: z.object({ topic: z.string(), depth: z.number().default(1) }),
  count: z.object({ n: z.number() }),
  note: z.string(),
});

interface Count {
  n: number;
}

export default smithers((ctx) => {
  const topic: string = ctx.input.topic;
  const depth: number = ctx.input.depth;
  const texts: string[] = [ctx.runId, topic];
  const iteration: number = ctx.iteration;

  const maybe: Count | undefined = ctx.outputMaybe(outputs.count, { nodeId: "a" });
  const byKey: Count | undefined = ctx.outputMaybe("count", { nodeId: "a", iteration: 1 });
  const sure: Count = ctx.output(outputs.count, { nodeId: "a" });
  const latest: string | undefined = ctx.latest("note", "a");
  const times: number = ctx.iterationCount(outputs.note, "a");
  const rows: Row<Count>[] = ctx.outputs(outputs.count);
  const more: Row<Count>[] = ctx.outputs("count");
  const same: { n: number; nodeId: string; iteration: number }[] = ctx.outputs.count;
  const notes: string[] = ctx.outputs.note;

  // @ts-expect-error the input has no such field
  ctx.input.topics;
  // @ts-expect-error there may be none yet
  ctx.outputMaybe(outputs.count, { nodeId: "a" }).n;
  // @ts-expect-error there is no such key
  ctx.output("counts", { nodeId: "a" });
  // @ts-expect-error a node is named
  ctx.output(outputs.count, {});
  // @ts-expect-error there is no such output
  ctx.outputs.counts;
  // @ts-expect-error the run's input is no output
  ctx.outputs.input;
  // @ts-expect-error what is stored is not changed
  ctx.runId = "x";

  const known = [depth, iteration, maybe?.n, byKey?.n, sure.n, latest?.length, times, rows, more, same, notes, texts];
  return <Workflow name="ctx">{known.length > 0 && <Inner />}</Workflow>;
});

function Inner() {
  const ctx = useCtx();
  const depth: number = ctx.input.depth;
  // @ts-expect-error the hook is typed by the schemas
  const wrong: string = ctx.input.depth;
  return depth > 0 ? wrong : null;
}

/** Without a schema the author knows the shape of the input, and the compiler does not. */
export const untyped = createSmithers({ note: z.string() }).smithers((ctx) => (
  <Workflow name={ctx.input.whatever.it.is} />
));

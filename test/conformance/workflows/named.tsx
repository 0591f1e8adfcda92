/** @jsxImportSource smithers-orchestrator */
import { Approval, approvalDecisionSchema, createSmithers, WaitForEvent, Workflow } from "smithers-orchestrator";
import { z } from "zod";

const { smithers, outputs } = createSmithers({
  decision: approvalDecisionSchema,
  result: z.object({ value: z.number() }),
});

/** The id of the approval and the name of the two signals after it are what the input says. */
export default smithers((ctx) => {
  const name = ctx.input.name as string;
  return (
    <Workflow name="conformance-named">
      <Approval id={name} output={outputs.decision} request={{ title: "?" }} />
      <WaitForEvent id="one" event={name} output={outputs.result} />
      <WaitForEvent id="two" event={name} output={outputs.result} />
    </Workflow>
  );
});

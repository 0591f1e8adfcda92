/** @jsxImportSource smithers-orchestrator */
import { createSmithers, WaitForEvent, Workflow } from "smithers-orchestrator";
import { z } from "zod";

const { smithers, outputs } = createSmithers({ result: z.object({ value: z.number() }) });

export default smithers((ctx) => (
  <Workflow name="conformance-wait">
    <WaitForEvent
      id="wait"
      event="paid/now"
      correlationId={ctx.input.order as string | undefined}
      output={outputs.result}
    />
  </Workflow>
));

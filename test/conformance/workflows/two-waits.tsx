/** @jsxImportSource smithers-orchestrator */
import { createSmithers, WaitForEvent, Workflow } from "smithers-orchestrator";
import { z } from "zod";

const { smithers, outputs } = createSmithers({ result: z.object({ value: z.number() }) });

export default smithers(() => (
  <Workflow name="conformance-two-waits">
    <WaitForEvent id="first" event="first" output={outputs.result} />
    <WaitForEvent id="second" event="second" output={outputs.result} />
  </Workflow>
));

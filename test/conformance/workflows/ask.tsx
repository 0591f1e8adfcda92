/** @jsxImportSource smithers-orchestrator */
import { Approval, approvalDecisionSchema, createSmithers, Task, Workflow } from "smithers-orchestrator";
import { z } from "zod";

const { smithers, outputs } = createSmithers({
  result: z.object({ value: z.number() }),
  decision: approvalDecisionSchema,
});

/** The id of the approval holds what a path must escape. */
export default smithers(() => (
  <Workflow name="conformance-ask">
    <Task id="before" output={outputs.result}>
      {{ value: 1 }}
    </Task>
    <Approval
      id="ship/it 100%"
      label="Ship"
      output={outputs.decision}
      onDeny="continue"
      request={{ title: "Ship it?", summary: "Version 2", metadata: { risk: 1 } }}
    />
  </Workflow>
));

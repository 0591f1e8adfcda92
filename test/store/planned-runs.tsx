/** @jsxImportSource smithers-orchestrator */
import {
  Approval,
  approvalDecisionSchema,
  createSmithers,
  Sequence,
  Task,
  WaitForEvent,
  Workflow,
} from "smithers-orchestrator";
import { z } from "zod";

const { smithers, outputs } = createSmithers({
  result: z.object({ value: z.number() }),
  decision: approvalDecisionSchema,
});

/** Has an output, and waits for a decision. */
export const waits = smithers(() => (
  <Workflow name="waits">
    <Sequence>
      <Task id="b" output={outputs.result}>
        {() => ({ value: 1 })}
      </Task>
      <Approval id="ask" output={outputs.decision} request={{ title: "Go on?" }} />
    </Sequence>
  </Workflow>
));

/** Waits for a signal. */
export const sleeps = smithers(() => (
  <Workflow name="sleeps">
    <WaitForEvent id="go" event="go" output={outputs.result} />
  </Workflow>
));

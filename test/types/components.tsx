/** @jsxImportSource smithers-orchestrator */
/** What the compiler must accept and refuse; `npm run check` compiles it and nothing runs it. */
import { type ApprovalDecision, approvalDecisionSchema, createSmithers } from "smithers-orchestrator";
import { z } from "zod";

const { smithers, outputs, Workflow, Sequence, Parallel, Branch, Loop, Approval, WaitForEvent, Signal, Timer } =
  createSmithers({ decision: approvalDecisionSchema, paid: z.object({ amount: z.number() }), note: z.string() });

export default smithers((ctx) => {
  const decision: ApprovalDecision | undefined = ctx.outputMaybe(outputs.decision, { nodeId: "ask" });
  const approved: boolean | undefined = decision?.approved;
  const by: string | null | undefined = decision?.decidedBy;

  return (
    <Workflow name="components" cache={false}>
      <Sequence skipIf={by === null} />
      <Parallel maxConcurrency={2} skipIf={false} />
      <Branch if={approved === true} then={<Sequence />} else={null} />
      <Branch if={approved === true} then={<Sequence />} />
      <Loop until={approved ?? false} />
      <Loop id="loop" until maxIterations={2} onMaxReached="fail" />
      <Approval id="ask" output={outputs.decision} request={{ title: "Go?", summary: "…", metadata: { a: 1 } }} />
      <Approval
        id="pick"
        output="decision"
        request={{ title: "Which?" }}
        mode="select"
        options={["a", "b"]}
        onDeny="skip"
        timeoutMs={1}
      />
      <WaitForEvent id="wait" event="paid" output={outputs.paid} correlationId="1" timeoutMs={1} onTimeout="continue" />
      <Signal id="paid" schema={outputs.paid}>
        {({ amount }) => (amount.toFixed() === "1" ? <Sequence /> : null)}
      </Signal>
      <Timer id="a" duration="30s" />
      <Timer id="b" until={new Date()} />

      {/* @ts-expect-error a name is needed */}
      <Workflow />
      {/* @ts-expect-error until is needed */}
      <Loop />
      {/* @ts-expect-error until is true or false */}
      <Loop until={approved} />
      {/* @ts-expect-error a condition is needed */}
      <Branch then={<Sequence />} />
      {/* @ts-expect-error a title is needed */}
      <Approval id="c" output={outputs.decision} request={{}} />
      {/* @ts-expect-error there is no such key */}
      <Approval id="d" output="decisions" request={{ title: "Go?" }} />
      {/* @ts-expect-error there is no such mode */}
      <Approval id="e" output={outputs.decision} request={{ title: "Go?" }} mode="vote" />
      {/* @ts-expect-error an event is needed */}
      <WaitForEvent id="f" output={outputs.paid} />
      {/* @ts-expect-error there is no such key */}
      <WaitForEvent id="g" event="paid" output="payments" />
      <Signal id="h" schema={outputs.paid}>
        {/* @ts-expect-error the data has no such field */}
        {({ amounts }) => amounts}
      </Signal>
    </Workflow>
  );
});

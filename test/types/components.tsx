/** @jsxImportSource smithers-orchestrator */
/** What the compiler must accept and refuse; `npm run check` compiles it and nothing runs it. */
import {
  type ApprovalDecision,
  approvalDecisionSchema,
  approvalRankingSchema,
  approvalSelectionSchema,
  createSmithers,
  Approval as PlainApproval,
} from "smithers-orchestrator";
import { z } from "zod";

const { smithers, outputs, Workflow, Sequence, Parallel, Branch, Loop, Approval, WaitForEvent, Signal, Timer } =
  createSmithers({
    decision: approvalDecisionSchema,
    choice: approvalSelectionSchema,
    picked: z.object({ selected: z.enum(["a", "b"]), note: z.string().nullable().optional() }),
    order: approvalRankingSchema,
    approved: z.object({ approved: z.boolean() }),
    noted: z.object({ approved: z.boolean(), note: z.string() }),
    paid: z.object({ amount: z.number() }),
    note: z.string(),
  });

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
        output="choice"
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
      <Timer id="c" duration={1_500} />
      <Timer id="d" duration="1d 2h30m" />
      <Timer id="e" duration={`${ctx.iteration}h`} />
      {/* What is only known when it runs is checked when it is rendered. */}
      <Timer id="f" duration={ctx.input.delay as string} />
      <Approval id="some" output="approved" request={{ title: "Go?" }} />
      <Approval id="keys" output={outputs.picked} request={{ title: "Which?" }} mode="select" options={["a", "b"]} />
      <Approval id="rank" output={outputs.order} request={{ title: "Which?" }} mode="rank" options={["a", "b"]} />
      <PlainApproval id="plain" output={outputs.decision} request={{ title: "Go?" }} />
      <Branch if then={<Sequence />} skipIf />
      <Loop until skipIf />

      {/* @ts-expect-error a name is needed */}
      <Workflow />
      {/* @ts-expect-error until is needed */}
      <Loop />
      <Loop until={approved} />
      {/* @ts-expect-error until is true or false */}
      <Loop until="approved" />
      {/* @ts-expect-error a condition is needed */}
      <Branch then={<Sequence />} />
      {/* @ts-expect-error a title is needed */}
      <Approval id="c" output={outputs.decision} request={{}} />
      {/* @ts-expect-error there is no such key */}
      <Approval id="d" output="decisions" request={{ title: "Go?" }} />
      {/* @ts-expect-error there is no such mode */}
      <Approval id="e" output={outputs.decision} request={{ title: "Go?" }} mode="vote" />
      {/* @ts-expect-error a text cannot hold a decision */}
      <Approval id="text" output={outputs.note} request={{ title: "Go?" }} />
      {/* @ts-expect-error nor can the key of one */}
      <Approval id="text-key" output="note" request={{ title: "Go?" }} />
      {/* @ts-expect-error nor an object of other fields */}
      <Approval id="other" output={outputs.paid} request={{ title: "Go?" }} />
      {/* @ts-expect-error a decision may come without a note */}
      <Approval id="noted" output={outputs.noted} request={{ title: "Go?" }} />
      {/* @ts-expect-error a decision without options selects nothing */}
      <Approval id="select" output={outputs.choice} request={{ title: "Go?" }} />
      {/* @ts-expect-error a selection is no ranking */}
      <Approval id="ranked" output={outputs.choice} request={{ title: "Go?" }} mode="rank" options={["a"]} />
      {/* @ts-expect-error the component of the package is typed by the reference */}
      <PlainApproval id="plain-text" output={outputs.note} request={{ title: "Go?" }} />
      {/* @ts-expect-error a duration or a moment is needed */}
      <Timer id="never" />
      {/* @ts-expect-error not both of them */}
      <Timer id="both" duration="1s" until={1} />
      {/* @ts-expect-error no duration */}
      <Timer id="soon" duration="soon" />
      {/* @ts-expect-error no unit */}
      <Timer id="unit" duration="30" />
      {/* @ts-expect-error no such unit */}
      <Timer id="sec" duration="30 sec" />
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

/** The tree is returned at once. */
// @ts-expect-error an asynchronous build function
export const later = smithers(async () => <Workflow name="later" />);
// @ts-expect-error a text is no tree
export const text = smithers(() => "text");
// @ts-expect-error nothing is no tree
export const nothing = smithers(() => null);

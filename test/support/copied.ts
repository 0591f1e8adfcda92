import { workflowFile } from "./workflows.ts";

/** Waits for a person, a signal and a timer; nothing before them may be done again. */
export const waits = workflowFile(
  `<Task id="first" output={outputs.result}>{() => {
    appendFileSync(import.meta.dirname + "/executed", "first\\n");
    return { value: "\\u0000 " + "x".repeat(300) };
  }}</Task>
  <Parallel>
    <Approval id="ok" output={outputs.decision} request={{ title: "Ship?", summary: "é \\u0000" }} />
    <WaitForEvent id="paid" event="paid" output={outputs.result} />
    <Timer id="later" duration="1s" />
  </Parallel>
  <Task id="last" output={outputs.result}>{{ value: ctx.input.msg }}</Task>`,
  { schemas: "decision: approvalDecisionSchema, result: z.object({ value: z.any() })" },
);

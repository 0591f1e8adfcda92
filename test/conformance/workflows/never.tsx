/** @jsxImportSource smithers-orchestrator */
import { createSmithers, Task, Workflow } from "smithers-orchestrator";
import { z } from "zod";

const { smithers, outputs } = createSmithers({ result: z.object({ value: z.number() }) });

/** Is named in requests that are refused: no run of it is ever there. */
export default smithers(() => (
  <Workflow name="conformance-never">
    <Task id="a" output={outputs.result}>
      {{ value: 1 }}
    </Task>
  </Workflow>
));

/** @jsxImportSource smithers-orchestrator */
import { createSmithers, Task, Workflow } from "smithers-orchestrator";
import { z } from "zod";

const { smithers, outputs } = createSmithers({ result: z.object({ value: z.null() }) });

/** Runs until it is cancelled. */
export default smithers(() => (
  <Workflow name="conformance-hang">
    <Task id="hang" output={outputs.result}>
      {({ signal }) =>
        new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }))
      }
    </Task>
  </Workflow>
));

/** @jsxImportSource smithers-orchestrator */
import { createSmithers, Timer, Workflow } from "smithers-orchestrator";

const { smithers } = createSmithers({});

export default smithers((ctx) => (
  <Workflow name="conformance-nap">
    <Timer id="nap" duration={ctx.input.duration as string} />
  </Workflow>
));

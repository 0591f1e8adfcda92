/** @jsxImportSource smithers-orchestrator */
import {
  Approval,
  approvalRankingSchema,
  approvalSelectionSchema,
  createSmithers,
  Parallel,
  Workflow,
} from "smithers-orchestrator";

const { smithers, outputs } = createSmithers({ one: approvalSelectionSchema, order: approvalRankingSchema });

export default smithers(() => (
  <Workflow name="conformance-choose">
    <Parallel>
      <Approval
        id="one"
        mode="select"
        options={["a", { key: "b", label: "Plan B", summary: "slower" }]}
        output={outputs.one}
        request={{ title: "Which one?" }}
      />
      <Approval
        id="order"
        mode="rank"
        options={["a", "b", "c"]}
        output={outputs.order}
        request={{ title: "Which first?" }}
      />
    </Parallel>
  </Workflow>
));

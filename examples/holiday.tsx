/** @jsxImportSource smithers-orchestrator */
/** Books trips to several cities at once. Each trip is a run of another workflow, `trip.tsx`. */
import { createSmithers } from "smithers-orchestrator";
import { z } from "zod";
import trip from "./trip.tsx";

const { smithers, outputs, Workflow, Task, Parallel, Subflow } = createSmithers({
  input: z.object({ cities: z.array(z.string()).min(1), full: z.enum(["room", "car", "guide"]).optional() }),
  trip: z.object({ summary: z.string() }),
  report: z.object({ lines: z.array(z.string()) }),
});

export default smithers((ctx) => {
  const { cities, full } = ctx.input;
  return (
    <Workflow name="holiday">
      <Parallel>
        {cities.map((city) => (
          <Subflow key={city} id={city} workflow={trip} input={{ city, full }} output={outputs.trip} />
        ))}
      </Parallel>
      <Task id="report" output={outputs.report}>
        {{ lines: ctx.outputs.trip.map(({ nodeId, summary }) => `${nodeId}: ${summary}`) }}
      </Task>
    </Workflow>
  );
});

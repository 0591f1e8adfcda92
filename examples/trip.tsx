/** @jsxImportSource smithers-orchestrator */
/** Books a trip in three steps. When one is refused, the bookings before it are cancelled, the last first. */
import { createSmithers } from "smithers-orchestrator";
import { z } from "zod";

const { smithers, outputs, Workflow, Task, Saga } = createSmithers({
  input: z.object({ city: z.string().min(1), full: z.enum(["room", "car", "guide"]).optional() }),
  booking: z.object({ what: z.string(), number: z.string() }),
  cancelled: z.object({ number: z.string() }),
  report: z.object({ summary: z.string() }),
});

const things = ["room", "car", "guide"] as const;

export default smithers((ctx) => {
  const cancelled = ctx.outputs.cancelled.map(({ number }) => number);
  const steps = things.map((what) => ({
    id: what,
    action: (
      <Task id={`book-${what}`} output={outputs.booking} noRetry>
        {() => {
          if (ctx.input.full === what) throw new Error(`No ${what} is free in ${ctx.input.city}.`);
          return { what, number: `${what}-1` };
        }}
      </Task>
    ),
    compensation: (
      <Task
        id={`cancel-${what}`}
        output={outputs.cancelled}
        deps={{ booked: outputs.booking }}
        needs={{ booked: `book-${what}` }}
      >
        {({ booked }) => ({ number: booked.number })}
      </Task>
    ),
  }));
  return (
    <Workflow name="trip">
      <Saga steps={steps} />
      <Task id="report" output={outputs.report}>
        {{ summary: cancelled.length === 0 ? "Booked." : `Cancelled ${cancelled.join(", ")}.` }}
      </Task>
    </Workflow>
  );
});

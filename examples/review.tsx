/** @jsxImportSource smithers-orchestrator */
/** Asks a person to review a text. The answer has a schema: one that does not fit is asked for again. */
import { createSmithers } from "smithers-orchestrator";
import { z } from "zod";

const { smithers, outputs, Workflow, Task, HumanTask } = createSmithers({
  input: z.object({ text: z.string().min(1) }),
  review: z.object({
    verdict: z.enum(["publish", "change"]),
    comments: z.array(z.string().min(1)).default([]),
  }),
  report: z.object({ summary: z.string() }),
});

export default smithers((ctx) => (
  <Workflow name="review">
    <HumanTask
      id="review"
      label="Review the text"
      output={outputs.review}
      maxAttempts={5}
      prompt={
        <>
          <p>May this be published?</p>
          <blockquote>{ctx.input.text}</blockquote>
        </>
      }
    />
    <Task id="report" output={outputs.report} deps={{ review: outputs.review }}>
      {({ review }) => ({ summary: [review.verdict, ...review.comments].join("; ") })}
    </Task>
  </Workflow>
));

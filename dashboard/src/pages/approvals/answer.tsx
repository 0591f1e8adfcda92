import type { ApprovalItem } from "smithers-orchestrator/client";
import { issuesIn } from "../../lib/errors.ts";
import { DataForm } from "../../ui/data-form.tsx";

/** The form for a question that is answered with a value, and what was wrong with the last answer. */
export function Answer(props: { approval: ApprovalItem; busy: boolean; onAnswer(data: unknown): void }) {
  const { approval, busy, onAnswer } = props;
  const { lastError, asked, maxAttempts, dataSchema, lastAnswer } = approval;
  return (
    <section aria-label="Your answer">
      {lastError && (
        <p className="field-error" role="alert">
          {lastError.message} This is asking {asked} of {maxAttempts}.
        </p>
      )}
      <DataForm
        schema={dataSchema}
        initial={lastAnswer ?? undefined}
        issues={issuesIn(lastError?.details)}
        submit="Send the answer"
        busy={busy}
        what="answer"
        onSubmit={onAnswer}
      />
    </section>
  );
}

import type { ApprovalItem } from "smithers-orchestrator/client";
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
        issues={issuesIn(lastError)}
        submit="Send the answer"
        busy={busy}
        what="answer"
        onSubmit={onAnswer}
      />
    </section>
  );
}

/** The fields of the last answer that did not fit. */
function issuesIn(error: ApprovalItem["lastError"]): { path: (string | number)[]; message: string }[] {
  const { issues } = (error?.details ?? {}) as { issues?: { path: (string | number)[]; message: string }[] };
  return issues ?? [];
}

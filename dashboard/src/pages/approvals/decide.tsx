import { type RefObject, useRef, useState } from "react";
import { flushSync } from "react-dom";
import { isTyping, useKeydown } from "../../lib/keys.ts";
import type { Verb } from "./words.ts";

export interface DecideProps {
  /** What was pressed and is not confirmed yet. */
  readonly verb: Verb | undefined;
  /** An answer is sent with its own form, so that only a denial is decided here. */
  readonly isAnswer: boolean;
  readonly busy: boolean;
  readonly problem: string | undefined;
  onVerb(verb: Verb | undefined): void;
  onConfirm(note: string): void;
}

/** The buttons that decide, and the note that goes along. */
export function Decide({ verb, isAnswer, busy, problem, onVerb, onConfirm }: DecideProps) {
  const [note, setNote] = useState("");
  const noteField = useRef<HTMLTextAreaElement>(null);
  const choose = (next: Verb) => {
    // At once: what the person types next goes into the note.
    flushSync(() => onVerb(next));
    noteField.current?.focus();
  };
  useKeydown((event) => {
    if (isTyping(event) || (event.key !== "d" && (event.key !== "a" || isAnswer))) return;
    event.preventDefault();
    choose(event.key === "a" ? "approve" : "deny");
  });
  return (
    <div className="decide">
      <div className="decide-verbs">
        {!isAnswer && (
          <button
            type="button"
            className="button is-approve"
            aria-pressed={verb === "approve"}
            onClick={() => choose("approve")}
          >
            Approve <kbd>a</kbd>
          </button>
        )}
        <button type="button" className="button is-deny" aria-pressed={verb === "deny"} onClick={() => choose("deny")}>
          Deny <kbd>d</kbd>
        </button>
      </div>
      {verb && (
        <DecisionForm
          noteField={noteField}
          note={note}
          onNote={setNote}
          verb={verb}
          busy={busy}
          problem={problem}
          onConfirm={() => onConfirm(note.trim())}
          onLeave={() => onVerb(undefined)}
        />
      )}
    </div>
  );
}

interface DecisionFormProps {
  readonly noteField: RefObject<HTMLTextAreaElement | null>;
  readonly note: string;
  onNote(note: string): void;
  readonly verb: Verb;
  readonly busy: boolean;
  readonly problem: string | undefined;
  onConfirm(): void;
  onLeave(): void;
}

/** Asks for a note and for a second press, for a decision cannot be taken back. */
function DecisionForm(props: DecisionFormProps) {
  const { noteField, note, onNote, verb, busy, problem, onConfirm, onLeave } = props;
  return (
    <form
      className="decide-form"
      onSubmit={(event) => {
        event.preventDefault();
        onConfirm();
      }}
    >
      <label className="field">
        <span className="field-label">Note (optional)</span>
        <textarea
          ref={noteField}
          rows={2}
          value={note}
          onChange={(event) => onNote(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === "Escape") onLeave();
            if (event.key === "Enter" && !event.shiftKey) {
              event.preventDefault();
              onConfirm();
            }
          }}
        />
      </label>
      {problem && (
        <p className="field-error" role="alert">
          {problem}
        </p>
      )}
      <div className="decide-actions">
        <button type="button" className="button is-quiet" onClick={() => onLeave()}>
          Not now
        </button>
        <button type="submit" className={`button ${verb === "approve" ? "is-primary" : "is-danger"}`} disabled={busy}>
          {verb === "approve" ? "Confirm approval" : "Confirm denial"}
        </button>
      </div>
    </form>
  );
}

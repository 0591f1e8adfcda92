import { useEffect, useRef, useState } from "react";
import { flushSync } from "react-dom";
import { isTyping } from "../../ui/shell.tsx";
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
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (isTyping(event) || (event.key !== "d" && (event.key !== "a" || isAnswer))) return;
      event.preventDefault();
      choose(event.key === "a" ? "approve" : "deny");
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
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
        <form
          className="decide-form"
          onSubmit={(event) => {
            event.preventDefault();
            onConfirm(note.trim());
          }}
        >
          <label className="field">
            <span className="field-label">Note (optional)</span>
            <textarea
              ref={noteField}
              rows={2}
              value={note}
              onChange={(event) => setNote(event.target.value)}
              onKeyDown={(event) => {
                if (event.key === "Escape") onVerb(undefined);
                if (event.key === "Enter" && !event.shiftKey) {
                  event.preventDefault();
                  onConfirm(note.trim());
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
            <button type="button" className="button is-quiet" onClick={() => onVerb(undefined)}>
              Not now
            </button>
            <button
              type="submit"
              className={`button ${verb === "approve" ? "is-primary" : "is-danger"}`}
              disabled={busy}
            >
              {verb === "approve" ? "Confirm approval" : "Confirm denial"}
            </button>
          </div>
        </form>
      )}
    </div>
  );
}

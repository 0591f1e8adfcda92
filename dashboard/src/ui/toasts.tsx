import { useEffect, useSyncExternalStore } from "react";
import { told } from "../lib/errors.ts";
import { Icon } from "./icon.tsx";

interface Said {
  readonly id: number;
  readonly text: string;
  readonly tone: "plain" | "bad";
}

let all: readonly Said[] = [];
let count = 0;
const listeners = new Set<() => void>();

function put(next: readonly Said[]): void {
  all = next;
  for (const tell of listeners) tell();
}

/** Says something in the corner of the page, and to screen readers. */
export function say(text: string, tone: Said["tone"] = "plain"): void {
  const said = { id: ++count, text, tone };
  put([...all.slice(-3), said]);
}

export const sayError = (error: unknown): void => say(told(error).message, "bad");

const dismiss = (id: number) => put(all.filter((one) => one.id !== id));

export function Toasts() {
  const shown = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    () => all,
  );
  return (
    <div className="toasts" role="status" aria-live="polite">
      {shown.map((said) => (
        <Toast key={said.id} {...said} />
      ))}
    </div>
  );
}

function Toast({ id, text, tone }: Said) {
  useEffect(() => {
    const timer = setTimeout(() => dismiss(id), tone === "bad" ? 15_000 : 5_000);
    return () => clearTimeout(timer);
  }, [id, tone]);
  return (
    <div className={`toast is-${tone}`}>
      <p>{text}</p>
      <button type="button" className="icon-button" aria-label="Dismiss" onClick={() => dismiss(id)}>
        <Icon name="close" />
      </button>
    </div>
  );
}

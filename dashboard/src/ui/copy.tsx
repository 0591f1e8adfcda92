import { Dialog } from "@base-ui/react/dialog";
import { useState } from "react";
import { Icon } from "./icon.tsx";

/** Writes to the clipboard, also on a page that came over plain HTTP from another machine. */
async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const field = document.createElement("textarea");
    field.value = text;
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }
}

export function CopyText({ text, label, children }: { text: string; label: string; children?: React.ReactNode }) {
  const [done, setDone] = useState(false);
  return (
    <button
      type="button"
      className="copy"
      aria-label={children ? undefined : label}
      title={label}
      onClick={async () => {
        await copy(text);
        setDone(true);
        setTimeout(() => setDone(false), 1_500);
      }}
    >
      {children}
      {children && <span className="sr-only">{label}</span>}
      <Icon name={done ? "done" : "copy"} />
      {done && <span className="sr-only">copied</span>}
    </button>
  );
}

export interface SameThing {
  /** What it does: `Resume`. */
  readonly label: string;
  readonly cli: string;
  readonly curl: string;
}

/** Shows the command lines and the calls that do the same as the page's buttons. */
export function CopyCommands({ items }: { items: readonly SameThing[] }) {
  return (
    <Dialog.Root>
      <Dialog.Trigger className="button is-quiet">Commands</Dialog.Trigger>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="dialog is-wide">
          <Dialog.Title className="dialog-title">The same from a terminal</Dialog.Title>
          {items.map(({ label, cli, curl }) => (
            <section key={label} className="same">
              <h3>{label}</h3>
              {[cli, curl].map((text) => (
                <div key={text} className="same-line">
                  <pre className="code">{text}</pre>
                  <CopyText text={text} label={`Copy ${text.split(" ", 1)[0]}: ${label}`} />
                </div>
              ))}
            </section>
          ))}
          <div className="dialog-actions">
            <Dialog.Close className="button">Close</Dialog.Close>
          </div>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

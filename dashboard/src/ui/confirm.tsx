import { AlertDialog } from "@base-ui/react/alert-dialog";
import type { ReactNode } from "react";
import { useState } from "react";

/** A button that asks before it acts. */
export function ConfirmButton(props: {
  label: string;
  title: string;
  children: ReactNode;
  action: string;
  danger?: boolean;
  act(): Promise<unknown>;
}) {
  const [open, setOpen] = useState(false);
  const [busy, setBusy] = useState(false);
  const act = async () => {
    setBusy(true);
    try {
      await props.act();
    } finally {
      setBusy(false);
      setOpen(false);
    }
  };
  return (
    <AlertDialog.Root open={open} onOpenChange={setOpen}>
      <AlertDialog.Trigger className={`button ${props.danger ? "is-danger" : ""}`}>{props.label}</AlertDialog.Trigger>
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className="backdrop" />
        <AlertDialog.Popup className="dialog">
          <AlertDialog.Title className="dialog-title">{props.title}</AlertDialog.Title>
          <AlertDialog.Description render={<div />} className="dialog-text">
            {props.children}
          </AlertDialog.Description>
          <div className="dialog-actions">
            <AlertDialog.Close className="button is-quiet">Keep as it is</AlertDialog.Close>
            <button
              type="button"
              className={`button ${props.danger ? "is-danger" : "is-primary"}`}
              disabled={busy}
              onClick={act}
            >
              {props.action}
            </button>
          </div>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}

import { Dialog } from "@base-ui/react/dialog";
import { useState, useSyncExternalStore } from "react";
import { serverUrl, session } from "../lib/session.ts";

/** Asks for the token once the server has asked for it. */
export function TokenDialog() {
  const needsToken = useSyncExternalStore(session.subscribe, () => session.needsToken);
  const [token, setToken] = useState("");
  return (
    <Dialog.Root open={needsToken} onOpenChange={() => {}} disablePointerDismissal>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="dialog">
          <Dialog.Title className="dialog-title">This server asks for a token</Dialog.Title>
          <Dialog.Description className="dialog-text">
            The one that {serverUrl} was started with, for example as SMITHERS_API_KEY. It is kept until you close this
            tab.
          </Dialog.Description>
          <form
            onSubmit={(event) => {
              event.preventDefault();
              if (token.trim() === "") return;
              setToken("");
              session.keepToken(token.trim());
            }}
          >
            <label className="field">
              <span className="field-label">Token</span>
              <input
                type="password"
                autoComplete="off"
                spellCheck={false}
                value={token}
                onChange={(event) => setToken(event.target.value)}
              />
            </label>
            {session.wasRefused && (
              <p className="field-error" role="alert">
                The server does not accept this token.
              </p>
            )}
            <div className="dialog-actions">
              <button type="submit" className="button is-primary">
                Continue
              </button>
            </div>
          </form>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

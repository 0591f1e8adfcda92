import { Dialog } from "@base-ui/react/dialog";
import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useNavigate, useRouterState } from "@tanstack/react-router";
import { useEffect, useState, useSyncExternalStore } from "react";
import { isTyping } from "../lib/keys.ts";
import { useConnection } from "../lib/live.ts";
import { approvalsQuery } from "../lib/queries.ts";
import { serverUrl, session } from "../lib/session.ts";
import { type Theme, useTheme } from "../lib/theme.ts";
import { Icon } from "./icon.tsx";
import { Toasts } from "./toasts.tsx";
import { TokenDialog } from "./token-dialog.tsx";

const pages = [
  { to: "/", label: "Runs", keys: "g r" },
  { to: "/approvals", label: "Approvals", keys: "g a" },
  { to: "/start", label: "Start a run", keys: "g s" },
] as const;

export function Shell() {
  const needsToken = useSyncExternalStore(session.subscribe, () => session.needsToken);
  const pending = useQuery({ ...approvalsQuery, enabled: !needsToken });
  const count = pending.data?.length ?? 0;
  const path = useRouterState({ select: ({ location }) => location.pathname });
  const title = useRouterState({
    select: ({ matches }) => matches.findLast((match) => match.staticData?.title)?.staticData?.title,
  });
  useEffect(() => {
    document.title = `${count > 0 ? `(${count}) ` : ""}${title ?? "Runs"} · Smithers`;
  }, [count, title]);

  return (
    <div className="shell">
      <a className="skip-link" href="#main">
        Skip to the content
      </a>
      <header className="bar">
        <Link to="/" className="wordmark" aria-label="Smithers, all runs">
          <svg viewBox="0 0 16 16" width="18" height="18" aria-hidden="true" focusable="false">
            <path d="M2.5 4h6M5.5 8h7M2.5 12h10" stroke="currentColor" strokeWidth="1.8" strokeLinecap="round" />
          </svg>
          <span>smithers</span>
        </Link>
        <nav className="nav" aria-label="Pages">
          {pages.map(({ to, label, keys }) => {
            const isHere = to === "/" ? path === "/" || path.startsWith("/runs") : path.startsWith(to);
            return (
              <Link key={to} to={to} className="nav-link" aria-current={isHere ? "page" : undefined} title={keys}>
                {label}
                {to === "/approvals" && count > 0 && (
                  <span className="count">
                    {count > 999 ? "999+" : count}
                    <span className="sr-only"> waiting</span>
                  </span>
                )}
              </Link>
            );
          })}
        </nav>
        <div className="bar-end">
          <ConnectionSign />
          <ThemeSwitch />
          {session.token !== undefined && (
            <button type="button" className="button is-quiet sign-out" onClick={forgetToken}>
              Forget token
            </button>
          )}
        </div>
      </header>
      <ConnectionLost />
      <main id="main" className="main" tabIndex={-1}>
        {!needsToken && <Outlet />}
      </main>
      <Toasts />
      <TokenDialog />
      <Keys />
    </div>
  );
}

function forgetToken(): void {
  session.keepToken(undefined);
  location.reload();
}

function ConnectionSign() {
  const connection = useConnection();
  const words = { connecting: "Connecting", live: "Live", lost: "Reconnecting" };
  return (
    <span className={`connection is-${connection}`} title={serverUrl} role="status">
      <span className="connection-dot" aria-hidden="true" />
      <span>{words[connection]}</span>
    </span>
  );
}

/** Said only when it lasts: a restart of the server is over in a moment. */
function ConnectionLost() {
  const connection = useConnection();
  const [isLong, setLong] = useState(false);
  useEffect(() => {
    setLong(false);
    if (connection !== "lost") return;
    const timer = setTimeout(() => setLong(true), 1_500);
    return () => clearTimeout(timer);
  }, [connection]);
  if (!isLong) return null;
  return (
    <div className="banner is-waiting" role="alert">
      The connection to the server is lost. What you see may be old; the page continues by itself when the server is
      back.
    </div>
  );
}

const themes: Readonly<Record<Theme, { label: string; next: Theme }>> = {
  system: { label: "Colours of the system", next: "light" },
  light: { label: "Light colours", next: "dark" },
  dark: { label: "Dark colours", next: "system" },
};

function ThemeSwitch() {
  const [theme, setTheme] = useTheme();
  const { label, next } = themes[theme];
  return (
    <button
      type="button"
      className="icon-button"
      title={label}
      aria-label={`${label}. Change`}
      onClick={() => setTheme(next)}
    >
      <Icon name={theme} />
    </button>
  );
}

const help: readonly (readonly [keys: string, does: string])[] = [
  ["g r", "runs"],
  ["g a", "approvals"],
  ["g s", "start a run"],
  ["/", "search"],
  ["j, k", "next, previous"],
  ["Enter", "open"],
  ["a, d", "approve, deny (in the inbox)"],
  ["?", "this list"],
];

function Keys() {
  const navigate = useNavigate();
  const [open, setOpen] = useState(false);
  useEffect(() => {
    let isGoing = false;
    const press = (event: KeyboardEvent) => {
      if (isTyping(event)) return;
      if (isGoing) {
        isGoing = false;
        const to = { r: "/", a: "/approvals", s: "/start" }[event.key];
        if (to) {
          event.preventDefault();
          // Otherwise the page that is left takes the key too.
          event.stopImmediatePropagation();
          void navigate({ to });
        }
      } else if (event.key === "g") isGoing = true;
      else if (event.key === "?") setOpen(true);
    };
    window.addEventListener("keydown", press, { capture: true });
    return () => window.removeEventListener("keydown", press, { capture: true });
  }, [navigate]);
  return (
    <Dialog.Root open={open} onOpenChange={setOpen}>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="dialog">
          <Dialog.Title className="dialog-title">Keys</Dialog.Title>
          <dl className="keys">
            {help.map(([keys, does]) => (
              <div key={keys}>
                <dt>
                  <kbd>{keys}</kbd>
                </dt>
                <dd>{does}</dd>
              </div>
            ))}
          </dl>
          <div className="dialog-actions">
            <Dialog.Close className="button">Close</Dialog.Close>
          </div>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

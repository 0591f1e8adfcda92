import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { told } from "../lib/errors.ts";

/** A place where there is nothing, and what to do about it. */
export function Empty({ title, children, isPage = false }: { title: string; children?: ReactNode; isPage?: boolean }) {
  const Heading = isPage ? "h1" : "h2";
  return (
    <div className="empty">
      <Heading>{title}</Heading>
      {children}
    </div>
  );
}

export function Trouble({ error, retry, isPage = false }: { error: unknown; retry?: () => void; isPage?: boolean }) {
  const { title, message, code } = told(error);
  const Heading = isPage ? "h1" : "h2";
  return (
    <div className="empty is-trouble" role="alert">
      <Heading>{title}</Heading>
      <p>{message}</p>
      {code && <p className="faint mono">{code}</p>}
      {retry && (
        <button type="button" className="button" onClick={retry}>
          Try again
        </button>
      )}
      {isPage && <ShowAllRuns />}
    </div>
  );
}

/** Lines that stand where text will come, so that nothing jumps when it does. */
export function Loading({ rows = 8, label = "Loading" }: { rows?: number; label?: string }) {
  return (
    <div className="loading" role="status" aria-label={label}>
      {Array.from({ length: rows }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they are all alike
        <span key={index} className={`bone w${index % 4}`} />
      ))}
    </div>
  );
}

/** The way out of a page that shows nothing. */
export function ShowAllRuns() {
  return (
    <Link to="/" className="link">
      Show all runs
    </Link>
  );
}

import type { ReactNode } from "react";

/** Shows what it is given as text, where the form library would show Markdown. */
export function Markdown({ children }: { children?: ReactNode }) {
  return <>{children}</>;
}

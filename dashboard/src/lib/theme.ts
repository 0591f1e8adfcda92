import { useState } from "react";

export type Theme = "system" | "light" | "dark";
const key = "smithers.theme";

function read(): Theme {
  const kept = localStorage.getItem(key);
  return kept === "light" || kept === "dark" ? kept : "system";
}

function apply(theme: Theme): void {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

/** Sets the colours before anything is drawn. */
export const applyTheme = (): void => apply(read());

export function useTheme(): readonly [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState(read);
  const change = (next: Theme) => {
    localStorage.setItem(key, next);
    apply(next);
    setTheme(next);
  };
  return [theme, change];
}

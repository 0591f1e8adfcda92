import { useEffect, useEffectEvent } from "react";

/** Calls `press` for each key that is pressed on the page. */
export function useKeydown(press: (event: KeyboardEvent) => void): void {
  const onKeydown = useEffectEvent(press);
  useEffect(() => {
    const listen = (event: KeyboardEvent) => onKeydown(event);
    window.addEventListener("keydown", listen);
    return () => window.removeEventListener("keydown", listen);
  }, []);
}

/** Whether a key belongs to a field, a dialog or a menu. */
export function isTyping(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey) return true;
  const target = event.target as HTMLElement;
  return (
    target.closest("input, textarea, select, [contenteditable], [role=dialog], [role=alertdialog], [role=menu]") !==
    null
  );
}

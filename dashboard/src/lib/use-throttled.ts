import { useEffect, useRef, useState } from "react";

/** A value that changes at most once in `ms`; the last one always comes. */
export function useThrottled<T>(value: T, ms: number): T {
  const [shown, setShown] = useState(value);
  const lastMs = useRef(0);
  useEffect(() => {
    const left = Math.max(lastMs.current + ms - performance.now(), 0);
    const timer = setTimeout(() => {
      lastMs.current = performance.now();
      setShown(value);
    }, left);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return shown;
}

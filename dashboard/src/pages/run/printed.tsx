import { useEffect, useMemo, useRef } from "react";
import type { RunLog } from "../../lib/run-log.ts";

/** How much of what a step has printed is shown: the end, in characters. */
const shownPrinted = 200_000;

/** What the step has printed, as it comes. */
export function Printed({ log, nodeId, iteration }: { log: RunLog; nodeId: string; iteration: number }) {
  const view = useRef<HTMLPreElement>(null);
  const { version, events } = log;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the log is changed in place, and counts its changes
  const text = useMemo(() => {
    let all = "";
    for (const event of events) {
      if (event.type === "NodeOutput" && event.nodeId === nodeId && event.iteration === iteration) all += event.text;
    }
    return all.length > shownPrinted ? `…${all.slice(-shownPrinted)}` : all;
  }, [version, events, nodeId, iteration]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the end stays in sight as text comes
  useEffect(() => {
    const pre = view.current;
    if (pre && pre.scrollHeight - pre.scrollTop - pre.clientHeight < 80) pre.scrollTop = pre.scrollHeight;
  }, [text]);
  if (text === "") return null;
  return (
    <section>
      <h3>Printed</h3>
      <pre ref={view} className="code printed" tabIndex={0}>
        {text}
      </pre>
    </section>
  );
}

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { parseFrame } from "../../lib/frame.ts";
import { changesBetween } from "../../lib/frame-changes.ts";
import { frameQuery } from "../../lib/queries.ts";
import { logUntil, type RunLog } from "../../lib/run-log.ts";
import { moment } from "../../lib/time.ts";
import { rowsOf } from "../../lib/tree.ts";
import { useThrottled } from "../../lib/use-throttled.ts";
import { Empty, Loading, Trouble } from "../../ui/states.tsx";
import { StepTree } from "./step-tree.tsx";

const route = getRouteApi("/runs/$runId");

/** The tree as it was at each frame, and what the frame has changed. */
export function FramesTab({ runId, log }: { runId: string; log: RunLog }) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const last = log.frameNo;
  const frameNo = Math.min(search.frame ?? last, last);
  const wanted = useThrottled(frameNo, 120);
  const frame = useQuery({ ...frameQuery(runId, wanted), placeholderData: keepPreviousData });
  const before = useQuery({ ...frameQuery(runId, wanted - 1), placeholderData: keepPreviousData });
  const committed = log.frames.find((one) => one.frameNo === wanted);
  const until = useMemo(() => logUntil(log.events, committed?.seq ?? 0), [log.events, committed?.seq]);
  const parsed = useMemo(() => frame.data && parseFrame(frame.data), [frame.data]);
  const parsedBefore = useMemo(() => before.data && parseFrame(before.data), [before.data]);
  const rows = useMemo(() => (parsed ? rowsOf(parsed, until, folded) : []), [parsed, until, folded]);
  const go = (next: number) =>
    void navigate({ search: (old) => ({ ...old, frame: next === last ? undefined : next }), replace: true });

  if (last === 0)
    return (
      <Empty title="No frame yet">
        <p>A frame is stored each time the workflow renders another tree.</p>
      </Empty>
    );
  if (frame.isError) return <Trouble error={frame.error} retry={() => frame.refetch()} />;
  const changes = parsed && changesBetween(wanted > 1 ? parsedBefore : undefined, parsed);
  return (
    <div className="frames">
      <div className="frame-bar">
        <button type="button" className="button" disabled={frameNo <= 1} onClick={() => go(frameNo - 1)}>
          Earlier
        </button>
        <input
          type="range"
          className="slider"
          aria-label="Frame"
          min={1}
          max={Math.max(last, 2)}
          value={frameNo}
          disabled={last === 1}
          onChange={(event) => go(Number(event.target.value))}
        />
        <button type="button" className="button" disabled={frameNo >= last} onClick={() => go(frameNo + 1)}>
          Later
        </button>
        <span className="num frame-no" role="status">
          Frame {frameNo} of {last}
          {committed && <span className="faint"> · {moment(committed.atMs)}</span>}
        </span>
      </div>
      {changes && (
        <div className="frame-changes">
          {wanted === 1 ? (
            <p className="faint">The first frame.</p>
          ) : changes.added.length + changes.removed.length + changes.changed.length === 0 ? (
            <p className="faint">The same steps and values as before.</p>
          ) : (
            <>
              <Changed word="Added" names={changes.added} />
              <Changed word="Removed" names={changes.removed} />
              <Changed word="Changed" names={changes.changed} separator="; " />
            </>
          )}
        </div>
      )}
      {parsed ? (
        <StepTree
          rows={rows}
          log={until}
          folded={folded}
          selected={undefined}
          untilMs={committed?.atMs}
          onFold={(key) => {
            const next = new Set(folded);
            if (!next.delete(key)) next.add(key);
            setFolded(next);
          }}
          onSelect={(node, iteration) => void navigate({ search: { node, iteration: iteration || undefined } })}
        />
      ) : (
        <Loading rows={6} label="Loading the frame" />
      )}
    </div>
  );
}

function Changed(props: { word: string; names: readonly string[]; separator?: string }) {
  const { word, names, separator = ", " } = props;
  if (names.length === 0) return null;
  const more = names.length > 12 ? ` and ${names.length - 12} more` : "";
  return (
    <p>
      <span className={`change-word is-${word.toLowerCase()}`}>{word}</span>{" "}
      <span className="mono">{names.slice(0, 12).join(separator)}</span>
      {more}
    </p>
  );
}

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
  return (
    <div className="frames">
      <FrameBar frameNo={frameNo} last={last} committedAtMs={committed?.atMs} onGo={go} />
      {parsed && (
        <Changes isFirst={wanted === 1} changes={changesBetween(wanted > 1 ? parsedBefore : undefined, parsed)} />
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

interface FrameBarProps {
  readonly frameNo: number;
  readonly last: number;
  readonly committedAtMs: number | undefined;
  onGo(frameNo: number): void;
}

function FrameBar({ frameNo, last, committedAtMs, onGo }: FrameBarProps) {
  return (
    <div className="frame-bar">
      <button type="button" className="button" disabled={frameNo <= 1} onClick={() => onGo(frameNo - 1)}>
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
        onChange={(event) => onGo(Number(event.target.value))}
      />
      <button type="button" className="button" disabled={frameNo >= last} onClick={() => onGo(frameNo + 1)}>
        Later
      </button>
      <span className="num" role="status">
        Frame {frameNo} of {last}
        {committedAtMs !== undefined && <span className="faint"> · {moment(committedAtMs)}</span>}
      </span>
    </div>
  );
}

/** What a frame has changed, in words. */
function Changes({ isFirst, changes }: { isFirst: boolean; changes: ReturnType<typeof changesBetween> }) {
  const { added, removed, changed } = changes;
  const hasNone = added.length + removed.length + changed.length === 0;
  return (
    <div className="frame-changes">
      {isFirst ? (
        <p className="faint">The first frame.</p>
      ) : hasNone ? (
        <p className="faint">The same steps and values as before.</p>
      ) : (
        <>
          <Changed word="Added" names={added} />
          <Changed word="Removed" names={removed} />
          <Changed word="Changed" names={changed} separator="; " />
        </>
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

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useMemo, useRef } from "react";
import type { NodeDetail, RunDetail } from "smithers-orchestrator/client";
import { cli, curl, nodePath } from "../../lib/commands.ts";
import { nodeQuery } from "../../lib/queries.ts";
import { nodeKey, type RunLog } from "../../lib/run-log.ts";
import { client } from "../../lib/session.ts";
import { clock, duration, moment } from "../../lib/time.ts";
import { useThrottled } from "../../lib/use-throttled.ts";
import { CopyCommands } from "../../ui/copy.tsx";
import { Icon } from "../../ui/icon.tsx";
import { JsonTree } from "../../ui/json-tree.tsx";
import { Status } from "../../ui/mark.tsx";
import { Loading, Trouble } from "../../ui/states.tsx";
import { say, sayError } from "../../ui/toasts.tsx";
import { Tokens } from "../../ui/tokens.tsx";

/** What the step is made of. */
const kindWords: Readonly<Record<NodeDetail["kind"], string>> = {
  static: "a fixed value",
  compute: "a function",
  agent: "an agent",
  approval: "a question to a person",
  event: "a wait for a signal",
  timer: "a timer",
  subflow: "a subflow",
};
/** How much of what a step has printed is shown: the end. */
const shownPrinted = 200_000;

export function NodePanel(props: {
  runId: string;
  nodeId: string;
  iteration: number;
  log: RunLog;
  status: RunDetail["status"];
  onClose(): void;
}) {
  const { runId, nodeId, iteration, log, status, onClose } = props;
  const node = log.node(nodeId, iteration);
  const state = log.stateOf(nodeKey(nodeId, iteration));
  const version = useThrottled(node ? `${node.state} ${node.attempts} ${node.spans.length}` : "", 250);
  const detail = useQuery({
    ...nodeQuery(runId, nodeId, iteration, version),
    placeholderData: (before: NodeDetail | undefined) => before,
  });
  const child = detail.data?.childRunId;
  const panel = useRef<HTMLElement>(null);
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.key === "Escape" && !event.defaultPrevented) onClose();
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, [onClose]);
  const isFailed = node?.state === "failed" && (status === "failed" || status.startsWith("waiting-"));
  const retry = async () => {
    try {
      await client().runs.retry(runId, nodeId, { iteration });
      say(`${nodeId} is executed again.`);
    } catch (error) {
      sayError(error);
    }
  };
  const items = isFailed
    ? [
        {
          label: "Retry this step",
          cli: cli("retry", runId, nodeId, ...(iteration > 0 ? ["--iteration", String(iteration)] : [])),
          curl: curl(`${nodePath(runId, nodeId)}/retry`, { iteration }),
        },
      ]
    : [
        {
          label: "Show this step",
          cli: cli("node", runId, nodeId),
          curl: curl(`${nodePath(runId, nodeId)}?iteration=${iteration}`).replace("-X POST ", ""),
        },
      ];
  return (
    <aside ref={panel} className="panel is-node" aria-label={`The step ${nodeId}`}>
      <div className="panel-head">
        <h2 title={nodeId}>{nodeId}</h2>
        <button type="button" className="icon-button" aria-label="Close the step" onClick={onClose}>
          <Icon name="close" />
        </button>
      </div>
      <div className="panel-facts">
        <Status state={state} />
        {iteration > 0 && <span>iteration {iteration + 1}</span>}
        {detail.data && <span className="faint">{kindWords[detail.data.kind]}</span>}
        {detail.data?.label && <span className="faint">{detail.data.label}</span>}
      </div>
      <div className="panel-actions">
        {isFailed && (
          <button type="button" className="button is-primary" onClick={retry}>
            Retry
          </button>
        )}
        {state === "waiting-approval" && (
          <Link
            to="/approvals"
            search={child === undefined ? { run: runId, node: nodeId } : { run: child }}
            className="button is-primary"
          >
            Decide
          </Link>
        )}
        {child !== undefined && (
          <Link to="/runs/$runId" params={{ runId: child }} className="button">
            Open its run
          </Link>
        )}
        <CopyCommands items={items} />
      </div>
      {detail.isError && !detail.data ? (
        <Trouble error={detail.error} retry={() => detail.refetch()} />
      ) : detail.data ? (
        <Detail detail={detail.data} />
      ) : (
        <Loading rows={5} label="Loading the step" />
      )}
      {node && node.inputTokens + node.outputTokens > 0 && (
        <section>
          <h3>Tokens</h3>
          <Tokens
            usage={
              detail.data?.tokenUsage ?? [
                { model: null, inputTokens: node.inputTokens, outputTokens: node.outputTokens },
              ]
            }
          />
        </section>
      )}
      <Printed log={log} nodeId={nodeId} iteration={iteration} />
    </aside>
  );
}

function Detail({ detail }: { detail: NodeDetail }) {
  const { error, output, attempts, toolCalls, prompts = [], agentFailures = [] } = detail;
  return (
    <>
      {error && <ErrorSection error={error} />}
      {output !== null && output !== undefined && (
        <section>
          <h3>Output</h3>
          <JsonTree value={output} label="the output" />
        </section>
      )}
      {attempts.length > 0 && (
        <section>
          <h3>Attempts</h3>
          <ol className="attempts">
            {attempts.map((one) => (
              <li key={one.attempt}>
                <span className="num">{one.attempt}</span>
                <Status
                  state={one.state === "running" ? "in-progress" : one.state === "lost" ? "cancelled" : one.state}
                />
                <span className="num faint" title={moment(one.startedAtMs)}>
                  {clock(one.startedAtMs)}
                </span>
                <span className="num faint">
                  {one.finishedAtMs === null ? "" : duration(one.finishedAtMs - one.startedAtMs)}
                </span>
                {one.error && one.error.message !== error?.message && (
                  <span className="attempt-error">{one.error.message}</span>
                )}
              </li>
            ))}
          </ol>
        </section>
      )}
      {agentFailures.length > 0 && (
        <section>
          <h3>Agents that failed</h3>
          <ol className="attempts">
            {agentFailures.map((one) => (
              <li key={`${one.attempt} ${one.failedAtMs} ${one.agent}`}>
                <span className="mono">{one.agent}</span>
                <span className="num faint">{clock(one.failedAtMs)}</span>
                <span className="attempt-error">{one.error.message}</span>
              </li>
            ))}
          </ol>
        </section>
      )}
      {prompts.length > 0 && (
        <section>
          <h3>Prompts</h3>
          {prompts.map((one, index) => (
            <details key={`${one.attempt} ${one.promptedAtMs} ${one.agent}`} open={index === prompts.length - 1}>
              <summary>
                {one.agent} <span className="num faint">{clock(one.promptedAtMs)}</span>
              </summary>
              <pre className="code prompt" tabIndex={0}>
                {one.prompt}
              </pre>
            </details>
          ))}
        </section>
      )}
      {toolCalls.length > 0 && (
        <section>
          <h3>Tool calls</h3>
          <ol className="attempts">
            {toolCalls.map((call) => (
              <li key={`${call.attempt}.${call.callNo}`}>
                <span className="mono">{call.toolName}</span>
                <Status
                  state={call.state === "running" ? "in-progress" : call.state === "lost" ? "cancelled" : call.state}
                />
                <span className="num faint">{clock(call.startedAtMs)}</span>
                <span className="num faint">
                  {call.finishedAtMs === null ? "" : duration(call.finishedAtMs - call.startedAtMs)}
                </span>
                {call.error && <span className="attempt-error">{call.error.message}</span>}
                {call.arguments !== null && (
                  <details className="tool-arguments">
                    <summary>Arguments</summary>
                    <JsonTree value={call.arguments} label={`the arguments of ${call.toolName}`} />
                  </details>
                )}
              </li>
            ))}
          </ol>
        </section>
      )}
    </>
  );
}

function ErrorSection({ error }: { error: NonNullable<NodeDetail["error"]> }) {
  const details = error.details as { at?: { file: string; line: number; column: number } } | undefined;
  const at = details?.at;
  return (
    <section className="error-section">
      <h3>Error</h3>
      <p className="mono faint">
        {error.code}
        {at && ` at ${at.file}:${at.line}:${at.column}`}
      </p>
      <p className="error-message">{error.message}</p>
      {Object.keys(details ?? {}).some((key) => key !== "at" && key !== "name") && (
        <JsonTree value={details} label="the error's details" />
      )}
    </section>
  );
}

/** What the step has printed, as it comes. */
function Printed({ log, nodeId, iteration }: { log: RunLog; nodeId: string; iteration: number }) {
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

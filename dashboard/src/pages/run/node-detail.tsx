import type { ReactNode } from "react";
import type { NodeDetail } from "smithers-orchestrator/client";
import { clock, duration, moment } from "../../lib/time.ts";
import { JsonTree } from "../../ui/json-tree.tsx";
import { Status } from "../../ui/mark.tsx";

/** What is stored of a step: its error or output, its attempts, and what its agent was asked and has called. */
export function Detail({ detail }: { detail: NodeDetail }) {
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
      <ListSection title="Attempts">
        {attempts.map((one) => (
          <AttemptRow key={one.attempt} attempt={one} nodeError={error?.message} />
        ))}
      </ListSection>
      <ListSection title="Agents that failed">
        {agentFailures.map((one) => (
          <li key={`${one.attempt} ${one.failedAtMs} ${one.agent}`}>
            <span className="mono">{one.agent}</span>
            <span className="num faint">{clock(one.failedAtMs)}</span>
            <span className="attempt-error">{one.error.message}</span>
          </li>
        ))}
      </ListSection>
      {prompts.length > 0 && <Prompts prompts={prompts} />}
      <ListSection title="Tool calls">
        {toolCalls.map((call) => (
          <ToolCallRow key={`${call.attempt}.${call.callNo}`} call={call} />
        ))}
      </ListSection>
    </>
  );
}

/** A titled list; nothing when it is empty. */
function ListSection({ title, children }: { title: string; children: readonly ReactNode[] }) {
  if (children.length === 0) return null;
  return (
    <section>
      <h3>{title}</h3>
      <ol className="attempts">{children}</ol>
    </section>
  );
}

/** @param props.nodeError is shown above already, and is not repeated */
function AttemptRow(props: { attempt: NodeDetail["attempts"][number]; nodeError: string | undefined }) {
  const { attempt, nodeError } = props;
  const { error, startedAtMs, finishedAtMs } = attempt;
  return (
    <li>
      <span className="num">{attempt.attempt}</span>
      <Status state={markOf(attempt.state)} />
      <span className="num faint" title={moment(startedAtMs)}>
        {clock(startedAtMs)}
      </span>
      <Took from={startedAtMs} to={finishedAtMs} />
      {error && error.message !== nodeError && <span className="attempt-error">{error.message}</span>}
    </li>
  );
}

function ToolCallRow({ call }: { call: NodeDetail["toolCalls"][number] }) {
  return (
    <li>
      <span className="mono">{call.toolName}</span>
      <Status state={markOf(call.state)} />
      <span className="num faint">{clock(call.startedAtMs)}</span>
      <Took from={call.startedAtMs} to={call.finishedAtMs} />
      {call.error && <span className="attempt-error">{call.error.message}</span>}
      {call.arguments !== null && (
        <details className="tool-arguments">
          <summary>Arguments</summary>
          <JsonTree value={call.arguments} label={`the arguments of ${call.toolName}`} />
        </details>
      )}
    </li>
  );
}

function Took({ from, to }: { from: number; to: number | null }) {
  return <span className="num faint">{to === null ? "" : duration(to - from)}</span>;
}

/** The mark of an attempt or a tool call: that of a step in the same state. */
function markOf(state: string): string {
  if (state === "running") return "in-progress";
  return state === "lost" ? "cancelled" : state;
}

function Prompts({ prompts }: { prompts: NonNullable<NodeDetail["prompts"]> }) {
  return (
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
  );
}

function ErrorSection({ error }: { error: NonNullable<NodeDetail["error"]> }) {
  const details = error.details as { at?: { file: string; line: number; column: number } } | undefined;
  const at = details?.at;
  return (
    <section>
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

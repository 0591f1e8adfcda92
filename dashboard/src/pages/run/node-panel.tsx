import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { NodeDetail, RunDetail } from "smithers-orchestrator/client";
import { cli, curl, nodePath } from "../../lib/commands.ts";
import { useKeydown } from "../../lib/keys.ts";
import { nodeQuery } from "../../lib/queries.ts";
import { nodeKey, type RunLog } from "../../lib/run-log.ts";
import { client } from "../../lib/session.ts";
import { useThrottled } from "../../lib/use-throttled.ts";
import { CopyCommands } from "../../ui/copy.tsx";
import { Icon } from "../../ui/icon.tsx";
import { Status } from "../../ui/mark.tsx";
import { Loading, Trouble } from "../../ui/states.tsx";
import { say, sayError } from "../../ui/toasts.tsx";
import { Tokens } from "../../ui/tokens.tsx";
import { Detail } from "./node-detail.tsx";
import { Printed } from "./printed.tsx";

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
  useKeydown((event) => {
    if (event.key === "Escape" && !event.defaultPrevented) onClose();
  });
  const isFailed = node?.state === "failed" && (status === "failed" || status.startsWith("waiting-"));
  return (
    <aside className="panel" aria-label={`The step ${nodeId}`}>
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
      <Actions
        runId={runId}
        nodeId={nodeId}
        iteration={iteration}
        isFailed={isFailed}
        isAsking={state === "waiting-approval"}
        childRunId={detail.data?.childRunId}
      />
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

interface ActionsProps {
  readonly runId: string;
  readonly nodeId: string;
  readonly iteration: number;
  readonly isFailed: boolean;
  readonly isAsking: boolean;
  /** The run of a subflow, which asks in its place. */
  readonly childRunId: string | undefined;
}

/** What a person can do about the step. */
function Actions({ runId, nodeId, iteration, isFailed, isAsking, childRunId }: ActionsProps) {
  const retry = async () => {
    try {
      await client().runs.retry(runId, nodeId, { iteration });
      say(`${nodeId} is executed again.`);
    } catch (error) {
      sayError(error);
    }
  };
  return (
    <div className="panel-actions">
      {isFailed && (
        <button type="button" className="button is-primary" onClick={retry}>
          Retry
        </button>
      )}
      {isAsking && (
        <Link
          to="/approvals"
          search={childRunId === undefined ? { run: runId, node: nodeId } : { run: childRunId }}
          className="button is-primary"
        >
          Decide
        </Link>
      )}
      {childRunId !== undefined && (
        <Link to="/runs/$runId" params={{ runId: childRunId }} className="button">
          Open its run
        </Link>
      )}
      <CopyCommands items={[commandOf(runId, nodeId, iteration, isFailed)]} />
    </div>
  );
}

/** The command of a terminal for what the panel offers. */
function commandOf(runId: string, nodeId: string, iteration: number, isFailed: boolean) {
  const path = nodePath(runId, nodeId);
  if (!isFailed) {
    return {
      label: "Show this step",
      cli: cli("node", runId, nodeId),
      curl: curl(`${path}?iteration=${iteration}`).replace("-X POST ", ""),
    };
  }
  return {
    label: "Retry this step",
    cli: cli("retry", runId, nodeId, ...(iteration > 0 ? ["--iteration", String(iteration)] : [])),
    curl: curl(`${path}/retry`, { iteration }),
  };
}

import { useState } from "react";
import { cli, curl, runPath } from "../../lib/commands.ts";
import { issuesOf } from "../../lib/errors.ts";
import type { NodeLog, RunLog } from "../../lib/run-log.ts";
import { client } from "../../lib/session.ts";
import { CopyCommands } from "../../ui/copy.tsx";
import { DataForm } from "../../ui/data-form.tsx";
import { say, sayError } from "../../ui/toasts.tsx";

/** The signals that the run waits for, each with a form to send it. */
export function SignalCards({ runId, log }: { runId: string; log: RunLog }) {
  const waiting = [...log.nodes.values()].filter(
    ({ state, signal }) => state === "waiting-event" && signal !== undefined,
  );
  return waiting.map((node) => <SignalCard key={`${node.iteration}:${node.nodeId}`} runId={runId} node={node} />);
}

function SignalCard({ runId, node }: { runId: string; node: NodeLog }) {
  const { name, correlationId, dataSchema } = node.signal!;
  const [open, setOpen] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const send = async (data: unknown) => {
    setBusy(true);
    setError(undefined);
    try {
      await client().signals.send(runId, name, { data, ...(correlationId !== null && { correlationId }) });
      say(`The signal ${name} was sent.`);
    } catch (thrown) {
      setError(thrown);
      if (issuesOf(thrown).length === 0) sayError(thrown);
    } finally {
      setBusy(false);
    }
  };
  return (
    <section className="card signal-card" aria-label={`The signal ${name}`}>
      <div className="card-head">
        <button type="button" className="signal-fold" aria-expanded={open} onClick={() => setOpen(!open)}>
          <span className="fold-sign" aria-hidden="true" />
          Send <span className="mono">{name}</span>
          {correlationId !== null && <span className="faint"> for {correlationId}</span>}
        </button>
        <CopyCommands
          items={[
            {
              label: "Send this signal",
              cli: cli(
                "signal",
                runId,
                name,
                "--data",
                "{}",
                ...(correlationId === null ? [] : ["--correlation-id", correlationId]),
              ),
              curl: curl(`${runPath(runId)}/signals/${encodeURIComponent(name)}`, {
                data: {},
                ...(correlationId !== null && { correlationId }),
              }),
            },
          ]}
        />
      </div>
      {open && (
        <DataForm
          schema={dataSchema}
          initial={{}}
          issues={issuesOf(error)}
          submit="Send the signal"
          busy={busy}
          what="data"
          onSubmit={send}
        />
      )}
    </section>
  );
}

import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import type { WorkflowItem } from "smithers-orchestrator/client";
import { cli, curl } from "../lib/commands.ts";
import { issuesOf, told } from "../lib/errors.ts";
import { workflowsQuery } from "../lib/queries.ts";
import { client } from "../lib/session.ts";
import { useNarrow } from "../lib/use-narrow.ts";
import { CopyCommands } from "../ui/copy.tsx";
import { DataForm } from "../ui/data-form.tsx";
import { Empty, Loading, Trouble } from "../ui/states.tsx";

const route = getRouteApi("/start");

export function StartPage() {
  const { workflow: chosen } = route.useSearch();
  const [text, setText] = useState("");
  const workflows = useQuery(workflowsQuery);
  if (workflows.isPending) return <Loading rows={8} label="Loading the workflows" />;
  if (workflows.isError) return <Trouble isPage error={workflows.error} retry={() => workflows.refetch()} />;
  if (workflows.data.length === 0) return <NoWorkflows />;
  const part = text.toLowerCase();
  const shown = workflows.data.filter(({ workflowPath, name }) =>
    `${name} ${workflowPath}`.toLowerCase().includes(part),
  );
  const workflow = workflows.data.find(({ workflowPath }) => workflowPath === chosen);
  return (
    <section className={`page start-page ${workflow ? "has-choice" : ""}`} aria-labelledby="start-title">
      <div className="start-list">
        <div className="page-head">
          <h1 id="start-title">Start a run</h1>
          <input
            type="search"
            aria-label="Search the workflows"
            placeholder="Search the workflows"
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        </div>
        <ul className="choices">
          {shown.map(({ workflowPath, name, description, problem }) => (
            <li key={workflowPath}>
              <Link
                to="/start"
                search={{ workflow: workflowPath }}
                className="choice"
                aria-current={workflowPath === chosen ? "true" : undefined}
                replace={chosen !== undefined}
              >
                <span className="choice-name">{name}</span>
                <span className="mono faint choice-path">{workflowPath}</span>
                {problem ? (
                  <span className="choice-about is-bad">Does not load</span>
                ) : (
                  description && <span className="choice-about faint">{description.split("\n", 1)[0]}</span>
                )}
              </Link>
            </li>
          ))}
        </ul>
        {shown.length === 0 && <p className="faint pad">No workflow fits.</p>}
      </div>
      {workflow ? (
        <StartForm key={workflow.workflowPath} workflow={workflow} />
      ) : (
        <div className="start-form is-empty">
          <p className="faint">{chosen === undefined ? "Choose a workflow." : `There is no workflow ${chosen}.`}</p>
        </div>
      )}
    </section>
  );
}

function StartForm({ workflow }: { workflow: WorkflowItem }) {
  const { workflowPath, description, inputSchema, problem } = workflow;
  const navigate = useNavigate();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const start = async (input: unknown) => {
    setBusy(true);
    setError(undefined);
    try {
      const { runId } = await client().runs.start({ workflowPath, input: (input ?? {}) as Record<string, unknown> });
      await navigate({ to: "/runs/$runId", params: { runId } });
    } catch (thrown) {
      setError(thrown);
      setBusy(false);
    }
  };
  const issues = issuesOf(error).map(({ path, message }) => ({
    path: path[0] === "input" && !inputSchema ? path.slice(1) : path,
    message,
  }));
  return (
    <div className="start-form">
      <StartHead workflow={workflow} />
      {description && <p className="start-about">{description}</p>}
      {problem ? (
        <div className="why is-bad" role="alert">
          {problem.message}
        </div>
      ) : (
        <>
          {inputSchema === undefined && <p className="faint">This workflow takes any input.</p>}
          <DataForm
            schema={inputSchema}
            initial={inputSchema ? undefined : {}}
            issues={issues}
            submit="Start the run"
            busy={busy}
            what="input"
            onSubmit={start}
          />
          {error !== undefined && issues.length === 0 && (
            <p className="field-error" role="alert">
              {told(error).message}
            </p>
          )}
        </>
      )}
    </div>
  );
}

function StartHead({ workflow: { workflowPath, name } }: { workflow: WorkflowItem }) {
  const Heading = useNarrow() ? "h1" : "h2";
  return (
    <div className="start-head">
      <div>
        <Link to="/start" className="link back-link">
          All workflows
        </Link>
        <Heading>{name}</Heading>
        <p className="mono faint">{workflowPath}</p>
      </div>
      <CopyCommands
        items={[
          {
            label: "Start this workflow",
            cli: `smithers up ${workflowPath} --input '{}'`,
            curl: curl("/v1/runs", { workflowPath, input: {} }),
          },
        ]}
      />
    </div>
  );
}

function NoWorkflows() {
  return (
    <Empty isPage title="No workflow under the server's root folder">
      <p>
        A workflow is a file that exports the result of <code>smithers(…)</code> by default. This makes the first one:
      </p>
      <pre className="code">smithers init</pre>
      <p className="faint">
        In the folder that the server was started in, or that its rootDir names: <code>{cli("doctor")}</code> tells
        which.
      </p>
    </Empty>
  );
}

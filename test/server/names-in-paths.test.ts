import { expect, test } from "bun:test";
import { folder } from "../support/folder.ts";
import { serve } from "../support/server.ts";
import { workflowFile } from "../support/workflows.ts";

const names = ["plain", "a/b", "two words", "50%", "100%25", "ä:ö?#[]", "日本", "a+b&c=d", "q'\"q", "%2F"];
const literal = (name: string) => `{${JSON.stringify(name)}}`;
const escaped = encodeURIComponent;

test.each(names)("the node id %j is read from the path", async (name) => {
  const server = await serve(
    folder({
      "ask.tsx": workflowFile(`<Approval id=${literal(name)} output={outputs.decision} request={{ title: "?" }} />`, {
        schemas: "decision: approvalDecisionSchema",
      }),
    }),
  );
  const runId = await server.start("ask.tsx");
  await server.until(runId, ({ type }) => type === "ApprovalRequested");
  expect((await server.post(`/v1/runs/${runId}/nodes/${escaped(name)}/approve`)).status).toBe(200);
  expect((await server.end(runId)).status).toBe("finished");
  expect((await server.nodes(runId))[0]!.nodeId).toBe(name);
});

test.each(names)("the signal name %j is read from the path, and from its alias", async (name) => {
  const server = await serve(
    folder({
      "wait.tsx": workflowFile(`
        <WaitForEvent id="one" event=${literal(name)} output={outputs.result} />
        <WaitForEvent id="two" event=${literal(name)} output={outputs.result} />`),
    }),
  );
  const runId = await server.start("wait.tsx");
  const first = await server.post(`/v1/runs/${runId}/signals/${escaped(name)}`, { data: { value: 1 } });
  expect([first.status, first.body.signalName]).toEqual([200, name]);
  const second = await server.post(`/signal/${runId}/${escaped(name)}`, { data: { value: 2 } });
  expect([second.status, second.body.signalName]).toEqual([200, name]);
  expect((await server.end(runId)).status).toBe("finished");
});

import type { Client } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { folder } from "../support/folder.ts";
import { parsePrometheus, type Scrape } from "../support/prometheus.ts";
import { serve, type TestServer } from "../support/server.ts";
import { workflowFile } from "../support/workflows.ts";

const schemas = "decision: approvalDecisionSchema, result: z.object({ value: z.any() }), firing: z.any()";

/** Does a bit of everything that is measured. */
const everything = workflowFile(
  `<Task id="constant" output={outputs.result}>{{ value: 1 }}</Task>
   <Task id="second-time" output={outputs.result} retryPolicy={{ backoff: "fixed", initialDelayMs: 1 }}>
     {(task) => { if (task.attempt === 1) throw new Error("not yet"); return { value: 2 }; }}
   </Task>
   <Task id="command" output={outputs.result}>
     {async () => { await note({}); return { value: 1 }; }}
   </Task>
   <Timer id="moment" duration="5ms" />
   <Signal id="order" schema={outputs.result} />
   <Approval id="ask" output={outputs.decision} request={{ title: "Go on?" }} onDeny="fail" />`,
  {
    schemas,
    head: `import { defineTool } from "smithers-orchestrator";
const note = defineTool({ name: "note", description: "notes", schema: z.object({}), execute: async () => "noted" });`,
  },
).replace('name="test"', 'name="everything"');

const broken = workflowFile(
  `<Task id="broken" output={outputs.result} noRetry>{() => { throw new Error("broken"); }}</Task>`,
).replace('name="test"', 'name="broken"');

const asking = workflowFile(`<Task id="ask" output={outputs.result} agent={agent}>Answer.</Task>`, {
  head: `const agent = { generate: async () => ({ text: '{"value":1}', usage: { inputTokens: 3, outputTokens: 2 }, response: { modelId: "model-1" } }) };`,
}).replace('name="test"', 'name="asking"');

export interface Exercised {
  readonly root: string;
  readonly server: TestServer;
  scrape(): Promise<Scrape>;
  /** A scrape that has every metric. */
  scrapeAll(): Promise<Scrape>;
}

/** Starts a server and lets runs end in every way: one finished, one denied, one failed, one cancelled. */
export async function exercise(): Promise<Exercised> {
  const root = folder({ "everything.tsx": everything, "broken.tsx": broken, "asking.tsx": asking });
  const server = await serve(root);
  const decided = async (decision: "approve" | "deny") => {
    const runId = await server.start("everything.tsx");
    await server.signals.send(runId, "order", { data: { value: 3 } });
    await server.until(runId, ({ type }) => type === "ApprovalRequested");
    await server.post(`/v1/runs/${runId}/nodes/ask/${decision}`);
    return server.end(runId);
  };
  const cancelled = async () => {
    const runId = await server.start("everything.tsx");
    await server.until(runId, (event) => event.type === "NodeWaitingEvent");
    await server.runs.cancel(runId);
    return server.end(runId);
  };
  const ended = await Promise.all([decided("approve"), decided("deny"), server.complete("broken.tsx"), cancelled()]);
  const statuses = ended.map(({ status }) => status).join();
  if (statuses !== "finished,failed,failed,cancelled") throw new Error(`The runs ended ${statuses}.`);
  const scrape = () => scrapeOf(server);
  // The lag of the event loop is measured twice a second, and is missing before.
  const scrapeAll = async () => {
    await server.complete("asking.tsx");
    return eventually(async () => {
      const scraped = await scrape();
      return scraped.types.has("smithers_event_loop_lag_seconds") && scraped;
    });
  };
  return { root, server, scrape, scrapeAll };
}

export async function scrapeOf(server: Client): Promise<Scrape> {
  return parsePrometheus((await server.get("/metrics")).body);
}

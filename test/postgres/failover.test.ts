import { expect } from "bun:test";
import { afterThisTest } from "../support/cleanup.ts";
import { eventually } from "../support/eventually.ts";
import { folder } from "../support/folder.ts";
import { newSchema, testOnPostgres } from "../support/postgres.ts";
import { startPostgres } from "../support/postgres-server.ts";
import { ServerProcess } from "../support/process.ts";
import { workflowFile } from "../support/workflows.ts";

const ask = workflowFile(
  `<Approval id="ok" output={outputs.decision} request={{ title: "?" }} />
  <Task id="last" output={outputs.result}>{{ value: "done" }}</Task>`,
  { schemas: "decision: approvalDecisionSchema, result: z.object({ value: z.any() })" },
);

testOnPostgres(
  "when the primary is lost, servers go on with the promoted standby, and nothing that was answered is lost",
  async () => {
    // With a synchronous standby, an answered commit is on both.
    const primary = await startPostgres("synchronous_standby_names = '*'");
    afterThisTest(() => primary.remove());
    const standby = await primary.standby();
    afterThisTest(() => standby.remove());
    const root = folder({ "ask.tsx": ask });
    const db = `postgres://smithers@127.0.0.1:${standby.port},127.0.0.1:${primary.port}/postgres?schema=${newSchema()}`;
    const env = { SERVE_OPTIONS: JSON.stringify({ db, isolation: "none" }) };
    const servers = [await ServerProcess.start(root, env), await ServerProcess.start(root, env)] as const;
    const runId = await servers[0].start("ask.tsx");
    const seen: number[] = [];
    let isAsked = false;
    const reading = (async () => {
      for await (const { id, event } of servers[1].events(runId)) {
        seen.push(id);
        isAsked ||= event.type === "NodeWaitingApproval";
      }
    })();
    await eventually(() => isAsked);

    const accepted: string[] = [];
    let refused = 0;
    let isOver = false;
    const starting = servers.map(async (server, place) => {
      for (let n = 0; !isOver; n += 1) {
        const answer = await server.post("/v1/runs", { workflowPath: "ask.tsx", runId: `s${place}-${n}` });
        if (answer.status === 200) accepted.push(`s${place}-${n}`);
        else {
          expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "1"]);
          refused += 1;
        }
        await Bun.sleep(20);
      }
    });
    await eventually(() => accepted.length > 20);
    await primary.stop("immediate");
    await eventually(() => refused > 0);
    expect((await servers[0].get("/health")).status).toBe(503);
    await standby.promote();
    const before = accepted.length;
    await eventually(() => accepted.length > before + 20);
    isOver = true;
    await Promise.all(starting);

    for (const id of accepted) {
      await eventually(async () => (await servers[0].run(id)).status === "waiting-approval");
    }
    for (const server of servers) await eventually(async () => (await server.get("/health")).status === 200);
    await servers[0].approvals.approve(runId, "ok");
    await reading;
    expect(seen).toEqual(seen.map((_, index) => index + 1));
    expect(await servers[1].end(runId)).toMatchObject({ status: "finished", output: { value: "done" } });
  },
);

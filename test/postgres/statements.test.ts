import { expect } from "bun:test";
import { drizzle } from "drizzle-orm/postgres-js";
import postgres from "postgres";
import { afterThisTest } from "../support/cleanup.ts";
import { eventually } from "../support/eventually.ts";
import { folder } from "../support/folder.ts";
import { newSchema, sharedServer, testOnPostgres } from "../support/postgres.ts";
import { serve } from "../support/server.ts";
import { workflowFile } from "../support/workflows.ts";

/** A server of workflow files; `statements` lists what it sends to the database. */
async function watchedServer(files: Record<string, string>) {
  const statements: string[] = [];
  const sql = postgres(await sharedServer(), {
    debug: (_, query, parameters) => void statements.push(`${query} ${parameters}`),
  });
  afterThisTest(() => sql.end());
  return { server: await serve(folder(files), { db: drizzle(sql), schema: newSchema() }), statements };
}

const isWrite = (statement: string) => statement.includes("_smithers_write_batch");

testOnPostgres("a run is started, streamed and finished by at most three writes, and without a read", async () => {
  const file = workflowFile(`<Task id="t" output={outputs.result}>{{ value: 1 }}</Task>`);
  const { server, statements } = await watchedServer({ "one.tsx": file });
  // The first run registers its schemas and loads the file. A machine that stands still for two seconds has forgotten the run.
  await eventually(async () => {
    const runId = await server.start("one.tsx");
    const types: string[] = [];
    for await (const { event } of server.events(runId)) types.push(event.type);
    expect([types[0], types.at(-1)]).toEqual(["RunStarted", "RunFinished"]);
    const ofRun = statements.filter((statement) => statement.includes(runId));
    return ofRun.filter(isWrite).length <= 3 && ofRun.every((one) => isWrite(one) || one.includes("pg_notify"));
  });
});

testOnPostgres("a run that is continued takes in what has come with the one read that loads it", async () => {
  const file = workflowFile(`<WaitForEvent id="w" event="go" output={outputs.result} />`);
  const { server, statements } = await watchedServer({ "wait.tsx": file });
  const runId = await server.start("wait.tsx");
  await eventually(async () => (await server.run(runId)).status === "waiting-event");
  statements.length = 0;
  expect((await server.post(`/v1/runs/${runId}/signals/go`, { data: { value: 7 } })).status).toBe(200);
  expect((await server.end(runId)).status).toBe("finished");
  const reads = statements.filter((one) => one.includes(runId) && !isWrite(one));
  // The signal's value is checked by the code of the wait, which loads the run too.
  expect(reads.filter((one) => one.includes("'treeHash'"))).toHaveLength(2);
  expect(reads.filter((one) => one.includes("'inboxNo'"))).toEqual([]);
});

import { expect } from "bun:test";
import { drizzle } from "drizzle-orm/postgres-js";
import postgres from "postgres";
import { afterThisTest } from "../support/cleanup.ts";
import { eventually } from "../support/eventually.ts";
import { folder } from "../support/folder.ts";
import { newSchema, sharedServer, testOnPostgres } from "../support/postgres.ts";
import { serve } from "../support/server.ts";
import { workflowFile } from "../support/workflows.ts";

testOnPostgres("a run is started, streamed and finished by at most three writes, and without a read", async () => {
  const statements: string[] = [];
  const sql = postgres(await sharedServer(), {
    debug: (_, query, parameters) => void statements.push(`${query} ${parameters}`),
  });
  afterThisTest(() => sql.end());
  const root = folder({ "one.tsx": workflowFile(`<Task id="t" output={outputs.result}>{{ value: 1 }}</Task>`) });
  const server = await serve(root, { db: drizzle(sql), schema: newSchema() });
  // The first run registers its schemas and loads the file. A machine that stands still for two seconds has forgotten the run.
  await eventually(async () => {
    const runId = await server.start("one.tsx");
    const types: string[] = [];
    for await (const { event } of server.events(runId)) types.push(event.type);
    expect([types[0], types.at(-1)]).toEqual(["RunStarted", "RunFinished"]);
    const ofRun = statements.filter((statement) => statement.includes(runId));
    const writes = ofRun.filter((statement) => statement.includes("_smithers_write_batch"));
    return writes.length <= 3 && ofRun.every((one) => writes.includes(one) || one.includes("pg_notify"));
  });
});

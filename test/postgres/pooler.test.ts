import { describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "smithers-orchestrator/client";
import { canRun } from "../../scripts/programs.ts";
import { openStore } from "../../src/store/index.ts";
import { concurrency } from "../store/suite/concurrency.ts";
import { freshDatabase } from "../store/suite/database.ts";
import { inbox } from "../store/suite/inbox.ts";
import { starts } from "../store/suite/starts.ts";
import { turns } from "../store/suite/turns.ts";
import { startRun } from "../store/suite/writes.ts";
import { afterThisTest } from "../support/cleanup.ts";
import { eventually } from "../support/eventually.ts";
import { folder } from "../support/folder.ts";
import { emptySchema, newSchema, sharedServer } from "../support/postgres.ts";
import { ServerProcess } from "../support/process.ts";
import { workflowFile } from "../support/workflows.ts";

let address: Promise<string> | undefined;

/** The address of a PgBouncer in front of the shared server, which gives each transaction another connection. */
function pooler(): Promise<string> {
  address ??= startPooler();
  return address;
}

async function startPooler(): Promise<string> {
  const behind = new URL(await sharedServer());
  const root = mkdtempSync(join(tmpdir(), "smithers-pooler-"));
  chmodSync(root, 0o755);
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as { port: number };
  probe.close();
  const settings = join(root, "pgbouncer.ini");
  writeFileSync(
    settings,
    `[databases]
* = host=${behind.hostname} port=${behind.port} user=smithers
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 4
`,
  );
  const asUser = process.getuid?.() === 0 ? ["--user", "postgres"] : [];
  // It ends with this process, however that ends: a shell next to the pooler waits for the end of a pipe.
  const script = `exec 3<&0; (cat <&3 >/dev/null; kill -KILL $$; rm -rf "${root}") & exec /usr/sbin/pgbouncer --quiet "$@" 3<&-`;
  const child = spawn("sh", ["-c", script, "pooler", ...asUser, settings], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  child.unref();
  const url = `postgres://smithers@127.0.0.1:${port}/postgres`;
  await eventually(async () => {
    await (await openStore(`${url}?schema=${newSchema()}`)).close();
    return true;
  });
  return url;
}

describe.skipIf(!canRun("postgres", "pgbouncer"))("through PgBouncer in transaction mode", () => {
  const fresh = freshDatabase(async () => {
    const url = `${await pooler()}?schema=${emptySchema()}`;
    return () => openStore(url);
  });
  starts(fresh);
  turns(fresh);
  inbox(fresh);
  concurrency(fresh);

  test("statements that are sent at one moment are all answered", async () => {
    const { store } = await fresh();
    await startRun(store);
    for (let n = 0; n < 20; n += 1) {
      const reads = Array.from({ length: 40 }, (_, k) => [
        k % 2 ? store.eventsAfter("r", 0, 10) : store.lastEvent("r"),
        // Without parameters, a statement needs no types.
        store.claimedRuns(),
      ]);
      const read = Promise.all(reads.flat());
      expect(await Promise.race([read.then(() => "answered"), Bun.sleep(20_000)])).toBe("answered");
    }
  });

  test("servers continue one another's runs although no notification comes", async () => {
    const root = folder({
      "ask.tsx": workflowFile(`<Approval id="ok" output={outputs.decision} request={{ title: "?" }} />`, {
        schemas: "decision: approvalDecisionSchema",
      }),
    });
    const env = { SERVE_OPTIONS: JSON.stringify({ db: `${await pooler()}?schema=${newSchema()}`, isolation: "none" }) };
    const [first, second] = [await ServerProcess.start(root, env), await ServerProcess.start(root, env)];
    const runId = await first.start("ask.tsx");
    const [here, there] = [createClient({ url: first.url }), createClient({ url: second.url })];
    for await (const { type } of here.runs.events(runId)) if (type === "NodeWaitingApproval") break;
    const reading = there.runs.wait(runId);
    await second.approvals.approve(runId, "ok");
    expect(await reading).toMatchObject({ status: "finished" });
    expect(await here.runs.wait(runId)).toMatchObject({ status: "finished" });
    afterThisTest(() => second.kill());
  });
});

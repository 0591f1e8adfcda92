import { expect } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { afterThisTest } from "../support/cleanup.ts";
import { smithersWords } from "../support/cli.ts";
import { Client } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { folder } from "../support/folder.ts";
import { needs } from "../support/programs.ts";
import { workflowFile } from "../support/workflows.ts";

const test = needs("unshare");

/** `smithers server` as the first process of a PID namespace, as a container without an init starts it. */
async function firstProcess(cwd: string, ...options: string[]) {
  const words = ["--user", "--map-root-user", "--pid", "--fork", "--kill-child", "--mount-proc", ...smithersWords];
  const unshare = spawn("unshare", [...words, "server", "--port", "0", "--json", ...options], {
    cwd,
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, SMITHERS_API_KEY: undefined, SMITHERS_LOG_LEVEL: "silent" },
  });
  afterThisTest(() => unshare.kill("SIGKILL"));
  const [text] = (await once(unshare.stdout.setEncoding("utf8"), "data")) as [string];
  const { url, pid } = JSON.parse(text);
  expect(pid).toBe(1);
  const child = Number(readFileSync(`/proc/${unshare.pid}/task/${unshare.pid}/children`, "utf8"));
  const ended = once(unshare, "exit");
  return { client: new Client(url), signal: () => process.kill(child, "SIGTERM"), ended };
}

test("a signal ends a server that is the first process of a container", async () => {
  const { signal, ended } = await firstProcess(folder());
  signal();
  expect(await ended).toEqual([143, null]);
});

test("a second signal ends a server at once", async () => {
  const hangs = workflowFile(
    `<Task id="t" output={outputs.result}>{() => new Promise(() => setInterval(() => {}, 1_000))}</Task>`,
  );
  const { client, signal, ended } = await firstProcess(folder({ "hangs.tsx": hangs }), "--shutdown-grace", "600000");
  const runId = await client.start("hangs.tsx");
  await client.until(runId, ({ type }) => type === "NodeStarted");
  signal();
  // A server that is shutting down starts no run.
  await eventually(async () => (await client.post("/v1/runs", { workflowPath: "hangs.tsx" })).status === 503);
  signal();
  expect(await ended).toEqual([143, null]);
});

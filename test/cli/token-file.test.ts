import { expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { chmodSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startSmithers } from "../support/cli.ts";
import { Client } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { folder } from "../support/folder.ts";
import { hostedCommands } from "../support/hosted-commands.ts";
import { workflowFile } from "../support/workflows.ts";

const { smithers, refused } = hostedCommands();

const token = "token-of-a-file-0123456789";

const waits = workflowFile(
  `<Sequence>
  <Approval id="ship" output={outputs.decision} request={{ title: "Ship?" }} />
</Sequence>`,
  { schemas: "decision: approvalDecisionSchema" },
);
const peeks = workflowFile(
  `<Task id="peek" output={outputs.result} noRetry>{async () => ({ value: await bash("cat api.token || true") })}</Task>`,
);

function app(mode = 0o600): string {
  const root = folder({ "waits.tsx": waits, "peeks.tsx": peeks, "api.token": `${token}\n` });
  chmodSync(join(root, "api.token"), mode);
  return root;
}

/** Everything that `ps` and /proc show of a process and its children. */
function shownOf(pid: number): string {
  const environment = readFileSync(`/proc/${pid}/environ`, "utf8");
  return execFileSync("ps", ["axwwo", "args"], { encoding: "utf8" }) + environment;
}

test("server and client take the token from a file, and no process list has it", async () => {
  const root = app();
  const server = startSmithers(["server", "--port", "0", "--auth-token-file", "api.token", "--json"], { cwd: root });
  await server.says(/\n/);
  const { url } = JSON.parse(server.printed.out);
  expect((await new Client(url).get("/v1/runs")).status).toBe(401);
  expect((await new Client(url, token).get("/v1/runs")).status).toBe(200);
  const { runId } = (await new Client(url, token).post("/v1/runs", { workflowPath: "waits.tsx", input: {} })).body;
  const client = startSmithers(["logs", runId, "--follow", "--url", url, "--auth-token-file", "api.token"], {
    cwd: root,
  });
  await client.says(/Ship|ship/);
  for (const { child } of [server, client]) expect(shownOf(child.pid!)).not.toContain(token);
  const why = await smithers(root, "why", runId, "--url", url, "--auth-token-file", "api.token");
  expect(why.out).toContain("--auth-token-file api.token");
  const approved = await smithers(root, "approve", runId, "--url", url, "--auth-token-file", "api.token");
  expect([approved.code, approved.err]).toEqual([0, ""]);
  expect((await client.ended).code).toBe(0);
  // Tools see the file no more than the databases.
  const peeked = (await new Client(url, token).post("/v1/runs", { workflowPath: "peeks.tsx", input: {} })).body.runId;
  const ended = await eventually(async () => {
    const { body } = await new Client(url, token).get(`/v1/runs/${peeked}`);
    return ["finished", "failed"].includes(body.status) ? body : undefined;
  });
  expect(JSON.stringify(ended)).not.toContain(token);
  server.child.kill("SIGTERM");
  expect((await server.ended).err).not.toContain(token);
});

test("up --serve takes it too", async () => {
  const root = app();
  const up = startSmithers(["up", "waits.tsx", "--serve", "--port", "0", "--auth-token-file", "api.token"], {
    cwd: root,
  });
  await up.saysBeside(/http:\/\/\S+/).catch(() => up.says(/http:\/\/\S+/));
  const [url] = /http:\/\/[\d.:]+/.exec(up.printed.err + up.printed.out)!;
  expect((await new Client(url).get("/")).status).toBe(401);
  expect((await new Client(url, token).get("/")).status).toBe(200);
  expect(shownOf(up.child.pid!)).not.toContain(token);
});

const unusable: [what: string, make: (root: string, file: string) => void, reason: RegExp][] = [
  ["can be read by others", (_, file) => chmodSync(file, 0o604), /other users may use it \(mode 604\); run: chmod 600/],
  ["can be changed by its group", (_, file) => chmodSync(file, 0o660), /mode 660/],
  ["is empty", (_, file) => writeFileSync(file, " \n"), /it is empty/],
  ["holds two words", (_, file) => writeFileSync(file, "one two\n"), /one word/],
  ["is a folder", (root) => symlinkSync(root, join(root, "other.token")), /not a regular file/],
  ["is a FIFO", (root) => void execFileSync("mkfifo", ["-m", "600", join(root, "other.token")]), /not a regular file/],
  ["is missing", (root) => symlinkSync("nowhere", join(root, "other.token")), /ENOENT/],
];

for (const [what, make, reason] of unusable) {
  test(`a token file that ${what} is refused by server, up and clients, with the reason`, async () => {
    const root = app();
    make(root, join(root, "api.token"));
    const name = /other/.test(String(make)) ? "other.token" : "api.token";
    const file = ["--auth-token-file", name];
    for (const words of [
      ["server", "--port", "0"],
      ["up", "waits.tsx", "--serve", "--port", "0"],
      ["ps", "--url", "http://127.0.0.1:9"],
    ]) {
      const { code, err } = await refused(root, ...words, ...file);
      expect([words[0], code]).toEqual([words[0], 4]);
      expect(err).toMatch(reason);
    }
  });
}

test("a token file that only its owner and its group may read is used", async () => {
  const root = app(0o640);
  const { code, err } = await smithers(root, "ps", "--url", "http://127.0.0.1:9", "--auth-token-file", "api.token");
  expect([code, /token/.test(err)]).toEqual([1, false]);
});

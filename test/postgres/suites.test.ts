import { expect } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { ownToken, startOwnServer } from "../conformance/own-server.ts";
import { sharedServer, testOnPostgres } from "../support/postgres.ts";

testOnPostgres("a server on Postgres passes the conformance suite", async () => {
  const env = { ...process.env, SMITHERS_TEST_DATABASE: "postgres", SMITHERS_TEST_POSTGRES: await sharedServer() };
  // One server for all files of the suite, each of which would start its own.
  const url = await startOwnServer(env);
  const child = spawn(process.execPath, ["test", "--timeout", "45000", "./test/conformance"], {
    env: { ...env, CONFORMANCE_URL: url, CONFORMANCE_TOKEN: ownToken },
  });
  const [output, [status]] = await Promise.all([text(child.stderr), once(child, "exit")]);
  expect(status, output.replaceAll(/^\((pass|skip)\).*\n/gm, "")).toBe(0);
  expect(output).toMatch(/^ *[1-9]\d* pass$/m);
});

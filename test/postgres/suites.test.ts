import { expect } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { sharedServer, testOnPostgres } from "../support/postgres.ts";

/** Suites that hold for every database; what of them is about SQLite is skipped. `npm run test:postgres` has more. */
const suites = ["conformance"];

testOnPostgres.each(suites)("the suite %s passes on Postgres", async (name) => {
  const env = { ...process.env, SMITHERS_TEST_DATABASE: "postgres", SMITHERS_TEST_POSTGRES: await sharedServer() };
  const child = spawn(process.execPath, ["test", "--timeout", "45000", `./test/${name}`], { env });
  const [output, [status]] = await Promise.all([text(child.stderr), once(child, "exit")]);
  expect(status, output.replaceAll(/^\((pass|skip)\).*\n/gm, "")).toBe(0);
  expect(output).toMatch(/^ *[1-9]\d* pass$/m);
});

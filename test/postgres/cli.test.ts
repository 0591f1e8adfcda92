import { expect } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { smithers, startSmithers } from "../support/cli.ts";
import { folder } from "../support/folder.ts";
import { postgresDatabase, sharedServer, testOnPostgres } from "../support/postgres.ts";
import { workflowFile } from "../support/workflows.ts";

const ask = workflowFile(
  `<Approval id="ok" output={outputs.decision} request={{ title: "Go?" }} />
  <Task id="last" output={outputs.result}>{{ value: 7 }}</Task>`,
  { schemas: "decision: approvalDecisionSchema, result: z.object({ value: z.number() })" },
);

/** An address with a password, which the server does not ask for. */
const withSecret = (address: string) => address.replace("smithers@", "smithers:hidden-password@");

testOnPostgres(
  "every command works on the database that --db or SMITHERS_DB names, and shows no password",
  async () => {
    const root = folder({ "ask.tsx": ask });
    const address = withSecret(await postgresDatabase());
    const shown: string[] = [];
    const told = async (...args: string[]) => {
      const ended = await smithers(root, ...args);
      shown.push(ended.out, ended.err);
      return ended;
    };
    const db = ["--db", address];
    expect(await told("up", "ask.tsx", "--run-id", "r", ...db)).toMatchObject({ code: 3 });
    expect(existsSync(join(root, "smithers.db"))).toBe(false);
    expect((await told("ps", ...db)).out).toContain("waiting");
    const fromEnv = await startSmithers(["why", "r"], { cwd: root, env: { SMITHERS_DB: address } }).ended;
    expect(fromEnv.out).toContain("Go?");
    shown.push(fromEnv.out, fromEnv.err);
    expect((await told("doctor", "--port", "0", ...db)).out).toMatch(/database .*version \d/);
    expect(await told("approve", "r", ...db)).toMatchObject({ code: expect.any(Number) });
    expect(await told("resume", "r", ...db)).toMatchObject({ code: 0 });
    expect((await told("inspect", "r", "--json", ...db)).out).toContain('"value": 7');
    expect((await told("events", "r", ...db)).out).toContain("RunFinished");
    expect((await told("backup", "copy", ...db)).err).toContain("pg_dump");
    expect(await told("gc", "--older-than", "0s", ...db)).toMatchObject({ code: 0 });
    expect((await told("ps", ...db)).err).toContain("No runs");
    expect(
      await told("ps", "--db", `${withSecret(await sharedServer()).replace(/\/postgres$/, "/none")}`),
    ).toMatchObject({
      code: 1,
    });
    expect(shown.filter((text) => text.includes("hidden-password"))).toEqual([]);
    expect(readdirSync(root).filter((name) => name.includes("postgres"))).toEqual([]);
  },
);

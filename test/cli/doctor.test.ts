import { expect, test } from "bun:test";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { folder } from "../support/folder.ts";
import { hostedCommands } from "../support/hosted-commands.ts";
import { needs } from "../support/programs.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";
import { echo } from "../support/workflows.ts";

const { smithers } = hostedCommands({ executes: true });

async function findings(root: string, ...args: string[]) {
  const { code, out } = await smithers(root, "doctor", "--json", "--port", "0", ...args);
  const { findings } = JSON.parse(out);
  return {
    code,
    of: Object.fromEntries(findings.map((one: { name: string }) => [one.name, one])) as Record<string, any>,
  };
}

needs("rg", "unshare")("on a machine where everything works each check is a line that says ok", async () => {
  const root = folder({ "echo.tsx": echo });
  await smithers(root, "up", "echo.tsx", "--input", `{"msg":1}`);
  const { code, out } = await smithers(root, "doctor", "--port", "0");
  expect(code).toBe(0);
  expect(out).toMatch(
    /^ok {4}Bun {8}\d+\.\d+\.\d+\nok {4}sandbox .*\nok {4}ripgrep .*\nok {4}database {3}smithers.db, version \d+, .* intact, 0 unfinished runs\nok {4}port .*\n(ok|warn) {2,4}disk .*\n/,
  );
});

test("doctor fails for a file that is not a database", async () => {
  const root = folder();
  writeFileSync(join(root, "smithers.db"), "no database at all, only a text that is long enough to be looked at");
  const { code, of } = await findings(root);
  expect(code).toBe(1);
  expect(of.database).toMatchObject({ state: "fail" });
});

test("doctor reports a port in use, and checks a database that a server is using", async () => {
  const root = folder({ "echo.tsx": echo });
  const server = await serve(root);
  const { code, of } = await findings(root, "--port", new URL(server.url).port);
  expect(code).toBe(0);
  expect(of.port).toMatchObject({ state: "warn", finding: expect.stringContaining("is in use") });
  expect(of.database.state).toBe("ok");
});

test("a database that other users may read is reported, with the command that changes it", async () => {
  const root = folder({ "echo.tsx": echo });
  await smithers(root, "up", "echo.tsx", "--input", `{"msg":1}`);
  chmodSync(join(root, "smithers.db"), 0o644);
  const { of } = await findings(root);
  expect(of.database).toMatchObject({ state: "warn", finding: expect.stringContaining("readable by other users") });
  expect(of.database.advice).toContain("chmod 600 smithers.db");
});

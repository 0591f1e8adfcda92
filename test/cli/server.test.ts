import { expect, test } from "bun:test";
import { startSmithers } from "../support/cli.ts";
import { Client } from "../support/client.ts";
import { folder } from "../support/folder.ts";
import { hostedCommands } from "../support/hosted-commands.ts";
import { echo } from "../support/workflows.ts";

const { smithers, refused } = hostedCommands();

test("smithers server serves the workflows of its folder like startServer, and ends on Ctrl+C", async () => {
  const root = folder({ "echo.tsx": echo });
  const server = startSmithers(["server", "--port", "0", "--json", "--auth-token", "secret"], { cwd: root });
  await server.says(/\}\n/);
  const { url, db, rootDir } = JSON.parse(server.printed.out);
  expect({ db, rootDir }).toEqual({ db: `${root}/smithers.db`, rootDir: root });
  expect((await new Client(url).get("/v1/runs")).status).toBe(401);
  const client = new Client(url, "secret");
  expect(await client.complete("./echo.tsx", { msg: "hi" })).toMatchObject({ status: "finished" });
  expect(await client.allRuns()).toHaveLength(1);
  server.child.kill("SIGINT");
  expect((await server.ended).signal).toBe("SIGINT");
  expect((await smithers(root, "ps")).out).toContain("succeeded");
});

test("invalid options of the server exit with 4", async () => {
  const root = folder();
  const wrong: [string[], RegExp][] = [
    [["--host", "0.0.0.0"], /can be reached from other machines/],
    [["--auth-token", " "], /it is empty/],
    [["--root", "nowhere"], /rootDir: the folder does not exist/],
    [["--retention", "soon"], /retention: "soon" is not a duration/],
    [["--port", "http"], /whole number/],
  ];
  for (const [args, message] of wrong) {
    const { code, err } = await refused(root, "server", ...args);
    expect([args, code]).toEqual([args, 4]);
    expect(err).toMatch(message);
  }
});

import { expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { startSmithers } from "../support/cli.ts";
import { folder } from "../support/folder.ts";
import { hostedCommands } from "../support/hosted-commands.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";
import { echo } from "../support/workflows.ts";

const { smithers } = hostedCommands({ executes: true });

test("a mistyped command exits with 4 and suggests the right one", async () => {
  const { code, out, err } = await smithers(folder(), "cancle");
  expect({ code, out }).toEqual({ code: 4, out: "" });
  expect(err).toBe(`error: unknown command 'cancle'
(Did you mean cancel?)
See smithers --help for the commands, and smithers <command> --help for their options.
`);
});

test("help lists the commands and exits with 0", async () => {
  const { code, out } = await smithers(folder(), "--help");
  expect(code).toBe(0);
  expect(out).toContain("List runs, newest first");
});

test("without a database a command says how to name one", async () => {
  const { code, err } = await smithers(folder(), "ps");
  expect({ code, err }).toEqual({
    code: 4,
    err: `smithers: There is no smithers.db in this folder or above it.
Name the database with --db, or a running server with --url.
`,
  });
});

test("the nearest of two databases is read, and the other one is named", async () => {
  const root = folder({ "echo.tsx": echo, "below/echo.tsx": echo });
  const above = await serve(root);
  await above.complete("./echo.tsx", { msg: 1 }, { runId: "above" });
  const below = await serve(join(root, "below"));
  await below.complete("./echo.tsx", { msg: 1 }, { runId: "below" });
  mkdirSync(join(root, "below/further"));
  const nearest = await smithers(join(root, "below/further"), "ps");
  expect(nearest.err).toBe(
    "Reading the nearest database, ../smithers.db. Use --db to read another: ../../smithers.db\n",
  );
  expect(nearest.out).toContain("below");
  const named = await smithers(join(root, "below/further"), "ps", "--db", "../../smithers.db");
  expect(named).toMatchObject({ code: 0, err: "", out: expect.stringContaining("above") });
  const other = await smithers(join(root, "below/further"), "inspect", "above");
  expect(other.code).toBe(4);
  expect(other.err).toContain('The run "above" is in another database. Add --db ../../smithers.db.');
});

test("a reader that closes the pipe ends the command quietly", async () => {
  const root = folder({ "echo.tsx": echo });
  const server = await serve(root);
  await server.complete("./echo.tsx", { msg: 1 });
  const command = startSmithers(["ps", "--json"], { cwd: root });
  command.child.stdout!.destroy();
  const { code, err } = await command.ended;
  expect({ code, err }).toEqual({ code: 0, err: "" });
});

test("an unambiguous prefix or suffix of an id is enough", async () => {
  const root = folder({ "wait.tsx": echo });
  const server = await serve(root);
  for (const runId of ["deploy-1", "deploy-2", "build-7"]) await server.complete("./wait.tsx", { msg: 1 }, { runId });
  const several = await smithers(root, "cancel", "dep");
  expect(several).toMatchObject({ code: 4, err: expect.stringContaining("deploy-2, deploy-1") });
  expect((await smithers(root, "cancel", "bui")).err).toBe(
    'smithers: The run "build-7" has finished.\nStart a new run with smithers up.\n',
  );
  expect((await smithers(root, "cancel", "d-7")).err).toContain('The run "build-7" has finished.');
  const mistyped = await smithers(root, "cancel", "biuld-7");
  expect(mistyped).toMatchObject({
    code: 4,
    err: 'smithers: There is no run "biuld-7". Did you mean "build-7"?\nList the runs with smithers ps.\n',
  });
});

import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { startSmithers } from "../support/cli.ts";
import { cliWorkflows } from "../support/cli-workflows.ts";
import { folder } from "../support/folder.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";

test("approve, deny, signal, cancel and resume work against a running server, from any folder", async () => {
  const root = folder(cliWorkflows);
  const server = await serve(root, { authToken: "secret" });
  const env = { SMITHERS_URL: server.url, SMITHERS_API_KEY: "secret" };
  const run = (...args: string[]) => startSmithers(args, { cwd: folder(), env }).ended;
  for (const name of ["release", "paid", "choices"]) {
    await server.start(`./${name}.tsx`, {}, { runId: name });
    await server.until(name, ({ type }) => type === "RunStatusChanged");
  }
  await server.start("./release.tsx", {}, { runId: "denied" });
  await server.until("denied", ({ type }) => type === "RunStatusChanged");
  await server.complete("./broken.tsx", { needs: join(root, "open") }, { runId: "broken" });

  expect(await run("approve", "rel", "--note", "go")).toMatchObject({ code: 0, err: "", out: '"ship" is approved.\n' });
  expect(await server.end("release")).toMatchObject({ status: "finished" });

  expect(await run("deny", "denied", "ship")).toMatchObject({ code: 0, out: '"ship" is denied.\n' });
  expect(await server.end("denied")).toMatchObject({ error: { code: "APPROVAL_DENIED" } });

  const sent = await run("signal", "paid", "payment", "-c", "order-17", "-d", '{"amount":3}', "--json");
  expect(JSON.parse(sent.out)).toMatchObject({ runId: "paid", signalName: "payment", seq: 1, takenIn: true });
  expect(await server.end("paid")).toMatchObject({ output: { amount: 3 } });

  expect((await run("approve", "choices", "order", "--rank", "milk, tea")).code).toBe(0);
  expect(await run("cancel", "choices")).toMatchObject({ code: 0, out: "The run choices was cancelled.\n" });
  expect(await server.end("choices")).toMatchObject({ status: "cancelled" });

  writeFileSync(join(root, "open"), "");
  expect(await run("resume", "broken")).toMatchObject({ code: 0, out: "The server is continuing the run broken.\n" });
  expect(await server.end("broken")).toMatchObject({ status: "finished" });
  expect(await run("resume", "broken")).toMatchObject({ code: 1, err: expect.stringContaining("has finished") });
});

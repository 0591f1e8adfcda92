import { expect } from "bun:test";
import { join } from "node:path";
import { openStore } from "../../src/store/index.ts";
import { startRun } from "../store/suite/writes.ts";
import { inBrowser, Visitor } from "../support/browser.ts";
import { forAllTests } from "../support/cleanup.ts";
import { eventually } from "../support/eventually.ts";
import { folder, write } from "../support/folder.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";
import { echo } from "../support/workflows.ts";
import { fails, many, release, typed } from "./workflows.ts";

inBrowser("runs appear as they are started and change, and are filtered in the address", async () => {
  const root = folder({ "release.tsx": release, "fails.tsx": fails });
  const server = await serve(root);
  const visitor = await Visitor.at(server.url, "/");
  const { page } = visitor;
  await visitor.sees("No run has been started yet");
  const runId = await server.start("release.tsx");
  await visitor.sees("decision on ship");
  await server.start("fails.tsx", { gate: join(root, "gate") });
  await visitor.sees(/The bucket is full/);
  await page.getByLabel("Status").selectOption("failed");
  await visitor.nowhere("decision on ship");
  expect(new URL(page.url()).search).toBe("?status=failed");
  await page.getByLabel("Status").selectOption("All that have not ended");
  await visitor.sees("decision on ship");
  await visitor.nowhere(/The bucket is full/);
  expect(new URL(page.url()).search).toBe("?status=open");
  await page.getByLabel("Status").selectOption("");
  await page.keyboard.press("Tab");
  await page.getByLabel("Search id, name or path").fill(runId.slice(-12));
  await visitor.nowhere(/The bucket is full/);
  await visitor.sees("decision on ship");
  await page.goto(`${server.url}/dashboard/?text=nothing-like-this`);
  await visitor.sees("No run fits this filter");
  await page.getByRole("link", { name: "Show all runs" }).click();
  await page.getByRole("link", { name: "release", exact: true }).click();
  await visitor.sees("Ship 1.2 to everyone?");
  visitor.expectNoWrongs();
});

inBrowser(
  "5,000 runs are scrolled through, with few rows at a time, from the newest to the oldest",
  async () => {
    const root = folder({ "echo.tsx": echo });
    const file = join(root, "smithers.db");
    const store = await openStore(file);
    const startedAtMs = Date.now() - 10_000_000;
    await Promise.all(
      Array.from({ length: 5_000 }, (_, n) =>
        startRun(store, {
          runId: `run-${String(n).padStart(4, "0")}`,
          workflowName: `workflow-${n % 7}`,
          status: "finished",
          owner: null,
          createdAtMs: startedAtMs + n,
          startedAtMs: startedAtMs + n,
          finishedAtMs: startedAtMs + n + 1_000,
        }),
      ),
    );
    await store.close();
    const server = await serve(root);
    const visitor = await Visitor.at(server.url, "/");
    const { page } = visitor;
    await visitor.sees("run-4999");
    const table = page.getByRole("table");
    let most = 0;
    await eventually(async () => {
      await table.evaluate((one) => one.scrollBy(0, 20_000));
      most = Math.max(most, await page.getByRole("row").count());
      return page.getByText("run-0000").isVisible();
    });
    expect(most).toBeLessThan(80);
    await table.evaluate((one) => one.scrollTo(0, 0));
    await visitor.sees("run-4999");
    visitor.expectNoWrongs();
  },
  60_000,
);

const served = forAllTests(async () => {
  const root = folder({ "many.tsx": many, "fails.tsx": fails, "release.tsx": release });
  return { root, server: await serve(root) };
});

inBrowser(
  "a run of 2,000 steps shows those in sight, and the last one when scrolled to",
  async () => {
    const { server } = served();
    const { runId } = await server.complete("many.tsx");
    const visitor = await Visitor.at(server.url, `/runs/${runId}`);
    const { page } = visitor;
    await visitor.sees("page-0");
    expect(await page.locator(".tree-row").count()).toBeLessThan(80);
    await page.locator(".tree .scroller").evaluate((one) => one.scrollTo(0, one.scrollHeight));
    await visitor.sees("page-1999");
    await page.getByRole("button", { name: /page-1999/ }).click();
    await page.getByRole("complementary").getByText("1999", { exact: true }).waitFor();
    visitor.expectNoWrongs();
  },
  60_000,
);

inBrowser("a failed step says where and why, and is retried by its button", async () => {
  const { server, root } = served();
  const { runId } = await server.complete("fails.tsx", { gate: join(root, "gate") });
  const visitor = await Visitor.at(server.url, `/runs/${runId}`);
  const { page } = visitor;
  await visitor.sees("The run has failed at upload: The bucket is full.");
  await page.getByRole("button", { name: /upload/ }).click();
  await visitor.sees(/TASK_FAILED at fails\.tsx:\d+/);
  write(root, { gate: "" });
  await page.getByRole("complementary").getByRole("button", { name: "Retry" }).click();
  await page.locator(".run-facts").getByText("Finished").first().waitFor();
  expect((await server.run(runId)).status).toBe("finished");
  visitor.expectNoWrongs();
});

inBrowser("a waiting run is cancelled, after the page has asked", async () => {
  const { server } = served();
  const runId = await server.start("release.tsx");
  const visitor = await Visitor.at(server.url, `/runs/${runId}`);
  const { page } = visitor;
  await visitor.sees(/for a person's decision on ship/);
  await page.getByRole("button", { name: "Cancel", exact: true }).click();
  await page.getByRole("button", { name: "Keep as it is" }).click();
  expect((await server.run(runId)).status).toBe("waiting-approval");
  await page.getByRole("button", { name: "Cancel", exact: true }).click();
  await page.getByRole("button", { name: "Cancel the run" }).click();
  await page.locator(".run-facts").getByText("Cancelled").first().waitFor();
  visitor.expectNoWrongs();
});

inBrowser("a run is started from a form of the input's schema; errors stand at their fields", async () => {
  const server = await serve(folder({ "typed.tsx": typed, "echo.tsx": echo, "broken.tsx": `${echo}\nconst x = ;` }));
  const visitor = await Visitor.at(server.url, "/start");
  const { page } = visitor;
  await visitor.sees("Does not load");
  await page.getByRole("link", { name: /typed\.tsx/ }).click();
  await page.getByRole("button", { name: "Start the run" }).click();
  await visitor.sees("is required");
  expect(await server.get("/v1/runs").then(({ body }) => body)).toEqual([]);
  // What only the workflow's code knows is told by the server.
  await page.getByLabel(/^to/).fill("taken@example.org");
  await page.getByRole("button", { name: "Start the run" }).click();
  await visitor.sees("This address is taken.");
  await page.getByLabel(/^to/).fill("ann@example.org");
  await page.getByRole("button", { name: "Start the run" }).click();
  await page.locator(".run-facts").getByText("Finished").first().waitFor();
  const [run] = await server.allRuns();
  expect((await server.run(run!.runId)).output).toEqual({ value: { to: "ann@example.org", times: 3 } });
  visitor.expectNoWrongs();
});

inBrowser("the input can be written as JSON, and a workflow that takes any input has only that", async () => {
  const server = await serve(folder({ "echo.tsx": echo }));
  const visitor = await Visitor.at(server.url, "/start?workflow=echo.tsx");
  const { page } = visitor;
  await page.getByLabel("Input as JSON").fill('{ "msg": ');
  await page.getByRole("button", { name: "Start the run" }).click();
  await visitor.sees(/not valid JSON/);
  await page.getByLabel("Input as JSON").fill('{ "msg": "from the page" }');
  await page.getByRole("button", { name: "Start the run" }).click();
  await visitor.sees("from the page");
  visitor.expectNoWrongs();
});

inBrowser("without workflows, the page says how to make one", async () => {
  const server = await serve(folder());
  const visitor = await Visitor.at(server.url, "/start");
  await visitor.sees("No workflow under the server's root folder");
  await visitor.sees("smithers init");
});

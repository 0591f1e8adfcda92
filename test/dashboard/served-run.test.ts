import { expect } from "bun:test";
import { inBrowser, Visitor } from "../support/browser.ts";
import { smithers, startSmithers } from "../support/cli.ts";
import { Client } from "../support/client.ts";
import { folder } from "../support/folder.ts";
import { echo } from "../support/workflows.ts";
import { ask } from "./workflows.ts";

inBrowser("up --serve has the page too: its run, its question, and nothing of other runs", async () => {
  const root = folder({ "ask.tsx": ask, "echo.tsx": echo });
  await smithers(root, "up", "echo.tsx", "--run-id", "other");
  const args = ["up", "ask.tsx", "--serve", "--port", "0", "--run-id", "mine", "--input", '{"name":"this"}'];
  const run = startSmithers(args, { cwd: root });
  await run.saysBeside(/Serving the run/);
  const url = /Serving the run \S+ at (\S+)/.exec(run.printed.err)![1]!;
  const visitor = await Visitor.at(url, "/");
  const { page } = visitor;
  await visitor.sees("decision on ok");
  expect(await page.getByRole("row").count()).toBe(2);
  expect((await new Client(url).get("/v1/runs/other")).status).toBe(404);
  await visitor.go("/approvals");
  await page.getByRole("button", { name: /^Approve/ }).click();
  await page.getByRole("button", { name: "Confirm approval" }).click();
  await visitor.sees(/approved\. The run continues\./);
  await page.getByRole("link", { name: "See the run" }).click();
  await page.locator(".run-facts").getByText("Finished").first().waitFor();
  await run.saysBeside(/The run mine has finished/);
  visitor.expectNoWrongs();
});

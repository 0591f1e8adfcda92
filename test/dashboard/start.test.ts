import { expect } from "bun:test";
import { inBrowser, Visitor } from "../support/browser.ts";
import { folder } from "../support/folder.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";
import { echo } from "../support/workflows.ts";
import { typed } from "./workflows.ts";

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

import { expect } from "bun:test";
import { inBrowser, Visitor } from "../support/browser.ts";
import { forAllTests } from "../support/cleanup.ts";
import { smithers, startSmithers } from "../support/cli.ts";
import { Client } from "../support/client.ts";
import { folder } from "../support/folder.ts";
import { ServerProcess, withoutWorkers } from "../support/process.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";
import { echo } from "../support/workflows.ts";
import { anything, ask, asking, paced, release } from "./workflows.ts";

const server = forAllTests(() =>
  serve(folder({ "release.tsx": release, "asking.tsx": asking, "anything.tsx": anything })),
);

inBrowser("a run's tree shows groups, iterations, retries and labels, and a step its output and prints", async () => {
  const runId = await server().start("release.tsx");
  const visitor = await Visitor.at(server().url, `/runs/${runId}`);
  const { page } = visitor;
  await visitor.sees("Lint the code");
  await visitor.sees("at most 2 at once");
  await visitor.sees("iteration 3 of at most 5");
  await visitor.sees("2 retries");
  await page.getByRole("button", { name: /^iteration 1/ }).click();
  expect(await page.getByRole("button", { name: /critique/ }).count()).toBe(2);
  await page.getByRole("button", { name: /checkout/ }).click();
  const panel = page.getByRole("complementary");
  await panel.getByText("checked out").waitFor();
  await panel.getByText("a.ts").waitFor();
  await panel.getByRole("button", { name: /files/ }).click();
  await panel.getByText("a.ts").waitFor({ state: "detached" });
  expect(new URL(page.url()).searchParams.get("node")).toBe("checkout");
  await page.keyboard.press("Escape");
  await panel.getByText("checked out").waitFor({ state: "detached" });
  visitor.expectNoWrongs();
});

inBrowser(
  "a step with an agent shows its prompts, its tool calls with what they were given, and its tokens",
  async () => {
    const { runId } = await server().complete("asking.tsx");
    const visitor = await Visitor.at(server().url, `/runs/${runId}?node=think`);
    const { page } = visitor;
    const panel = page.getByRole("complementary");
    await panel.getByText("2,400 tokens in, 68 out").waitFor();
    await panel.getByText("model-x").waitFor();
    await page.getByRole("banner").or(page.locator(".run-head")).getByText("2,400 tokens in, 68 out").waitFor();
    await panel.getByText("Your last answer was:").waitFor();
    expect(await panel.locator("pre.prompt").count()).toBe(2);
    expect(await panel.locator("pre.prompt").first().isVisible()).toBe(false);
    await panel.getByText("thinker").first().click();
    await panel.locator("pre.prompt").first().getByText("Is the sky blue?").waitFor();
    await panel.getByText("Arguments").first().click();
    await panel.getByText("up there").first().waitFor();
    await panel.getByText("thinking aloud").first().waitFor();
    visitor.expectNoWrongs();
  },
);

inBrowser("events are filtered, and frames show the tree as it was and what has changed", async () => {
  const runId = await server().start("release.tsx");
  const visitor = await Visitor.at(server().url, `/runs/${runId}?tab=events`);
  const { page } = visitor;
  await visitor.sees("ApprovalRequested");
  await page.getByLabel("Filter events").fill("the network was away");
  await page.getByLabel("Type").selectOption("NodeRetrying");
  await visitor.sees(/^2 of \d+/);
  await page.getByRole("link", { name: /Frames/ }).click();
  await page.getByLabel("Frame", { exact: true }).fill("1");
  await visitor.sees("The first frame.");
  await visitor.sees("iteration 1 of at most 5");
  await page.getByRole("button", { name: "Later" }).click();
  await visitor.sees("critique (iteration 2)");
  await visitor.sees(/review: iteration 0 → 1/);
  visitor.expectNoWrongs();
});

inBrowser(
  "the server is killed while a run is watched: the page says so and continues when it is back",
  async () => {
    const root = folder({ "paced.tsx": paced });
    const first = await ServerProcess.start(root, withoutWorkers);
    const runId = await first.start("paced.tsx");
    const visitor = await Visitor.at(first.url, `/runs/${runId}?tab=events`);
    const { page } = visitor;
    await visitor.sees("NodeFinished");
    await first.kill();
    await visitor.sees(/The connection to the server is lost/);
    const port = Number(new URL(first.url).port);
    const options = { port, staleAfterMs: 500, heartbeatMs: 100, isolation: "none" };
    await ServerProcess.start(root, { SERVE_OPTIONS: JSON.stringify(options) });
    await page.locator(".run-facts").getByText("Finished").first().waitFor();
    await visitor.nowhere(/The connection to the server is lost/);
    await visitor.sees("RunFinished");
    await page.getByLabel("Type").selectOption("RunFinished");
    await visitor.sees(/^1 of \d+/);
    // Nothing is lost, and nothing is there twice: as many as the number of the last.
    const last = Number(await page.locator(".event-seq").last().textContent());
    await page.getByLabel("Type").selectOption("");
    await visitor.sees(`${last} events`);
  },
  60_000,
);

inBrowser("a signal that may be anything is written as JSON, and a finished run has no pending steps", async () => {
  const runId = await server().start("anything.tsx");
  const visitor = await Visitor.at(server().url, `/runs/${runId}`);
  const { page } = visitor;
  await page.getByText("Send told").click();
  await page.getByLabel("Data as JSON").fill('{"value":[1]}');
  expect(await page.getByRole("button", { name: "Form" }).count()).toBe(0);
  await page.getByRole("button", { name: "Send the signal" }).click();
  await server().end(runId);
  await page.locator(".run-facts").getByText("Finished").first().waitFor();
  await page.getByRole("button", { name: /\bSkipped\b.*\bin\b/i }).waitFor();
  visitor.expectNoWrongs();
});

inBrowser("a signal is sent with a form of its schema, whose errors stand at their fields", async () => {
  const runId = await server().start("release.tsx");
  await server().until(runId, ({ type }) => type === "NodeWaitingApproval");
  await server().approvals.approve(runId, "ship");
  const visitor = await Visitor.at(server().url, `/runs/${runId}`);
  const { page } = visitor;
  await visitor.sees(/Waiting.* for the signal announced/);
  await page.getByRole("button", { name: "Send announced" }).click();
  await page.getByLabel(/^url/).fill("https://example.org/1.2");
  await page.getByLabel(/^readers/).fill("-1");
  await page.getByRole("button", { name: "Send the signal" }).click();
  await visitor.sees(/-1 is/);
  await page.getByLabel(/^readers/).fill("7");
  await page.getByRole("button", { name: "Send the signal" }).click();
  await page.locator(".run-facts").getByText("Finished").first().waitFor();
  expect((await server().end(runId)).output).toEqual({ url: "https://example.org/1.2", readers: 7 });
  visitor.expectNoWrongs();
});

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

import { expect } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { inBrowser, phone, Visitor } from "../support/browser.ts";
import { forAllTests } from "../support/cleanup.ts";
import { folder, write } from "../support/folder.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";
import { workflowFile } from "../support/workflows.ts";
import { many } from "./workflows.ts";

const example = (name: string) => readFileSync(new URL(`../../examples/${name}`, import.meta.url), "utf8");
const named = (name: string, source: string) => source.replace('name="test"', `name="${name}"`);

/** Ends when the file `gate` exists. */
const holds = named(
  "holds",
  workflowFile(`<Task id="t" output={outputs.result}>
    {async () => { while (!existsSync(ctx.input.gate)) await new Promise((end) => setTimeout(end, 10)); return { value: 1 }; }}
  </Task>`),
);
const city = named(
  "city",
  workflowFile(
    `<Task id="search" output={outputs.result} noRetry>{() => { if (ctx.input.full) throw new Error("No room is free."); return { value: 1 }; }}</Task>
     <Approval id="confirm" output={outputs.decision} request={{ title: "Book " + ctx.input.city + "?" }} />`,
    { schemas: "result: z.object({ value: z.any() }), decision: approvalDecisionSchema" },
  ),
);
const tour = named(
  "tour",
  workflowFile(
    `<Parallel>
       <Subflow id="rome" workflow={city} input={{ city: "Rome" }} output={outputs.trip} />
       <Subflow id="oslo" workflow={city} input={{ city: "Oslo", full: ctx.input.full === true }} output={outputs.trip} />
     </Parallel>`,
    {
      head: `import city from "./city.tsx";\nimport { Subflow } from "smithers-orchestrator";`,
      schemas: "trip: z.any()",
    },
  ),
);
const poll = named(
  "poll",
  workflowFile(
    `<Task id="read" output={outputs.result}>{{ value: 1 }}</Task>
     {ctx.input.__smithersContinuation === undefined && ctx.outputMaybe(outputs.result, { nodeId: "read" }) ? <ContinueAsNew state={{ page: 2 }} /> : null}`,
    { head: `import { ContinueAsNew } from "smithers-orchestrator";` },
  ),
);

const nested = named(
  "nested",
  workflowFile(
    `<Loop id="outer" until={ctx.iterationCount("result", "o") >= 3}>
       <Task id="o" output={outputs.result}>{{ value: 1 }}</Task>
       <Loop id="inner" until={ctx.iterationCount("result", "i") >= 2}><Task id="i" output={outputs.result}>{{ value: 1 }}</Task></Loop>
     </Loop>`,
  ),
);

const root = folder({
  "nested.tsx": nested,
  "holds.tsx": holds,
  "city.tsx": city,
  "tour.tsx": tour,
  "poll.tsx": poll,
  "many.tsx": many
    .replace("length: 2000", "length: 300")
    .replace("{{ value: n }}", `{() => { if (n % 100 === 7) throw new Error("gone"); return { value: n }; }}`)
    .replace("output={outputs.result}>", "output={outputs.result} noRetry continueOnFail>"),
  "trip.tsx": example("trip.tsx"),
  "support.tsx": example("support.tsx"),
});
const server = forAllTests(() => serve(root, { maxConcurrency: 2 }));

inBrowser(
  "a run that no server has room for says so in the list, the filter and on its page, until it gets a place",
  async () => {
    const gate = join(root, "gate");
    const held = await Promise.all([1, 2].map(() => server().start("holds.tsx", { gate })));
    for (const runId of held) await server().until(runId, ({ type }) => type === "NodeStarted");
    const runId = await server().start("holds.tsx", { gate });
    const visitor = await Visitor.at(server().url, "/");
    const { page } = visitor;
    await visitor.sees("a free place on a server");
    await page.getByLabel("Status").selectOption("Waiting for a free place");
    await page.getByRole("row").nth(2).waitFor({ state: "detached" });
    expect(new URL(page.url()).search).toBe("?status=queued");
    await page.getByRole("link", { name: "holds" }).click();
    await visitor.sees(/maxConcurrency attempts are running. It continues by itself as soon as one is free/);
    expect(page.url()).toContain(runId);
    await page.goBack();
    await visitor.sees("a free place on a server");
    write(root, { gate: "" });
    await visitor.sees("No run fits this filter");
    visitor.expectNoWrongs();
  },
);

inBrowser("a subflow is a step that shows what it waits for, and leads to its run and to its question", async () => {
  const runId = await server().start("tour.tsx");
  const visitor = await Visitor.at(server().url, `/runs/${runId}`);
  const { page } = visitor;
  await visitor.sees(/decision on confirm in the subflow (rome|oslo)/);
  await page.getByRole("link", { name: "Waiting for approval 2" }).click();
  await visitor.sees("2 steps: waiting for approval.");
  await page.getByRole("button", { name: /oslo/ }).click();
  await page.getByRole("link", { name: "Decide", exact: true }).click();
  await page.getByRole("heading", { name: "Book Oslo?" }).waitFor();
  await page.keyboard.press("a");
  await page.keyboard.press("Enter");
  await visitor.follow(`/runs/${runId}?node=oslo`);
  await page.locator(".panel-facts").getByText("Finished").waitFor();
  await page.getByRole("link", { name: "Open its run" }).click();
  await page.getByRole("heading", { name: "city", level: 1 }).waitFor();
  await page.getByRole("link", { name: runId }).click();
  await page.getByRole("heading", { name: "tour", level: 1 }).waitFor();
  await visitor.follow("/");
  await page.getByText("subflow", { exact: true }).nth(1).waitFor();
  expect(await visitor.accessibilityProblems()).toEqual([]);
  visitor.expectNoWrongs();
});

inBrowser("a run whose subflow failed leads to the step of that run that failed", async () => {
  const { runId } = await server().complete("tour.tsx", { full: true });
  const visitor = await Visitor.at(server().url, `/runs/${runId}`);
  await visitor.page.getByRole("link", { name: "See the subflow's run" }).click();
  await visitor.page.getByRole("complementary", { name: "The step search" }).getByText("No room is free.").waitFor();
  visitor.expectNoWrongs();
});

inBrowser("a run that has continued as another leads to it, and back", async () => {
  const { runId, continuedAs } = await server().complete("poll.tsx");
  const visitor = await Visitor.at(server().url, `/runs/${runId}`);
  const { page } = visitor;
  await visitor.sees("continue as new");
  await page.getByRole("link", { name: "See the next run" }).click();
  await page.getByRole("button", { name: continuedAs }).waitFor();
  await page.getByRole("link", { name: runId }).click();
  await visitor.sees("See the next run");
  visitor.expectNoWrongs();
});

inBrowser("the tree names the steps and compensations of a saga, and the levels of an escalation", async () => {
  const trip = await server().complete("trip.tsx", { city: "Rome", full: "guide" });
  const visitor = await Visitor.at(server().url, `/runs/${trip.runId}`);
  const { page } = visitor;
  await visitor.sees("compensations");
  const names = await page.locator(".step .group-title, .step .step-title").allTextContents();
  expect(names).toEqual([
    ...["saga", "step room", "book-room", "step car", "book-car", "step guide", "book-guide"],
    ...["compensations", "cancel-car", "cancel-room", "report"],
  ]);
  await visitor.sees("The run has finished although 1 step failed");
  const support = await server().start("support.tsx", { question: "Where is my parcel?" });
  await visitor.follow(`/runs/${support}`);
  await visitor.sees("2 levels, then a person");
  await visitor.sees("level 2");
  await page.getByRole("link", { name: "Decide in the inbox" }).click();
  await page.getByRole("heading", { name: "A question for you" }).waitFor();
  visitor.expectNoWrongs();
});

inBrowser("a loop in a loop shows its iterations, and an iteration of the outer one the steps of both", async () => {
  const { runId } = await server().complete("nested.tsx");
  const visitor = await Visitor.at(server().url, `/runs/${runId}`);
  const { page } = visitor;
  await visitor.sees("loop inner");
  const titles = () => page.locator(".group-title, .step-title").allTextContents();
  const now = ["iteration 2", "iteration 3", "o", "loop inner", "iteration 1", "iteration 2", "i"];
  expect(await titles()).toEqual(["loop outer", "iteration 1", ...now]);
  const first = page.getByRole("button", { name: /^iteration 1/ }).first();
  await first.click();
  await page.getByRole("button", { name: /^Finished i iteration 2/ }).waitFor();
  expect(await titles()).toEqual(["loop outer", "iteration 1", "o", "i", "i", ...now]);
  visitor.expectNoWrongs();
});

inBrowser("of many steps, those that failed are shown alone, also on a phone", async () => {
  const { runId } = await server().complete("many.tsx");
  const visitor = await Visitor.at(server().url, `/runs/${runId}`, { viewport: phone });
  const { page } = visitor;
  await page.getByRole("link", { name: "Failed 3" }).click();
  await visitor.sees("3 steps: failed.");
  expect(await page.locator(".step-title").allTextContents()).toEqual(["page-7", "page-107", "page-207"]);
  expect(await visitor.accessibilityProblems()).toEqual([]);
  await page.getByRole("link", { name: "Show all steps" }).click();
  await visitor.sees("page-0");
  visitor.expectNoWrongs();
});

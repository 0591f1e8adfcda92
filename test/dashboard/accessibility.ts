import { expect } from "bun:test";
import { desktop, inBrowser, phone, Visitor } from "../support/browser.ts";
import { forAllTests } from "../support/cleanup.ts";
import { folder } from "../support/folder.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";
import { choose, fails, release, typed } from "./workflows.ts";

const files = { "release.tsx": release, "typed.tsx": typed, "fails.tsx": fails, "choose.tsx": choose };

const server = forAllTests(() => serve(folder(files)));

inBrowser.each([["desktop", desktop] as const, ["phone", phone] as const])(
  "axe finds nothing, light or dark: %s",
  async (_, viewport) => {
    const failed = await server().complete("fails.tsx", { gate: "/never" });
    const runId = await server().start("release.tsx");
    await server().start("choose.tsx");
    await server().until(runId, ({ type }) => type === "NodeWaitingApproval");
    const visitor = await Visitor.at(server().url, "/", { viewport });
    const { page } = visitor;
    const problems: unknown[] = [];
    const look = async (path: string, text: string | RegExp, act?: () => Promise<unknown>) => {
      await visitor.follow(path);
      await visitor.sees(text);
      await act?.();
      for (const problem of await visitor.accessibilityProblems()) problems.push(["light", path, problem]);
      // Only colours are others in the dark.
      await page.emulateMedia({ colorScheme: "dark" });
      for (const problem of await visitor.accessibilityProblems("color-contrast"))
        problems.push(["dark", path, problem]);
      await page.emulateMedia({ colorScheme: "light" });
    };
    await look("/", "decision on ship");
    await look("/?text=none-such", "No run fits");
    await look(`/runs/${runId}`, "Lint the code");
    await look(`/runs/${runId}?node=checkout`, "checked out");
    await look(`/runs/${failed.runId}?node=upload`, /TASK_FAILED/);
    await look(`/runs/${runId}?tab=events`, "ApprovalRequested");
    await look(`/runs/${runId}?tab=frames`, /Frame \d/);
    await look("/runs/none", "There is no such run");
    await look("/approvals", "Which team?", async () => {
      if (viewport === phone)
        await page
          .getByRole("button", { name: /Ship 1.2/ })
          .first()
          .click();
      await page.getByRole("button", { name: /^Approve/ }).click();
    });
    await look("/start?workflow=typed.tsx", "Start the run", () =>
      page.getByRole("button", { name: "Start the run" }).click(),
    );
    await look(`/runs/${runId}`, "Lint the code", () => page.getByRole("button", { name: "Commands" }).first().click());
    expect(problems).toEqual([]);
  },
  60_000,
);

inBrowser("everything is reached with the keyboard, from the list to a step and back", async () => {
  const runId = await server().start("release.tsx");
  await server().until(runId, ({ type }) => type === "NodeWaitingApproval");
  const visitor = await Visitor.at(server().url, "/");
  const { page } = visitor;
  await visitor.sees("decision on ship");
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await visitor.sees("Lint the code");
  await page.getByRole("button", { name: /checkout/ }).focus();
  await page.keyboard.press("Enter");
  await visitor.sees("checked out");
  await page.keyboard.press("ArrowDown");
  await page.getByRole("complementary", { name: "The step lint" }).waitFor();
  await page.keyboard.press("Escape");
  for (const [key, heading] of [
    ["a", "Approvals"],
    ["s", "Start a run"],
    ["r", "Runs"],
  ] as const) {
    await page.keyboard.press("g");
    await page.keyboard.press(key);
    await page.getByRole("heading", { name: heading, level: 1 }).waitFor();
  }
  await page.keyboard.press("/");
  await page.keyboard.type("none-such");
  await visitor.sees("No run fits this filter");
  visitor.expectNoWrongs();
});

import { expect } from "bun:test";
import { inBrowser, phone, Visitor } from "../support/browser.ts";
import { eventually } from "../support/eventually.ts";
import { folder } from "../support/folder.ts";
import { serveWithoutWorkers as serve, type TestServer } from "../support/server.ts";
import { answer, ask, choose } from "./workflows.ts";

async function asking(server: TestServer, ...names: string[]): Promise<string[]> {
  const runs: string[] = [];
  for (const name of names) {
    const runId = await server.start("ask.tsx", { name });
    await server.until(runId, ({ type }) => type === "NodeWaitingApproval");
    runs.push(runId);
  }
  return runs;
}

inBrowser("the inbox is worked through with the keyboard alone, the longest waiting first", async () => {
  const server = await serve(folder({ "ask.tsx": ask }));
  const [one, two] = await asking(server, "one", "two", "three");
  const visitor = await Visitor.at(server.url, "/approvals");
  const { page } = visitor;
  await page.getByRole("heading", { name: "Is one right?" }).waitFor();
  await eventually(async () => (await page.title()).startsWith("(3) Approvals"));
  await page.keyboard.press("a");
  await page.keyboard.type("looks good");
  await page.keyboard.press("Enter");
  await visitor.sees(/approved\. The run continues\./);
  expect((await server.end(one!)).output).toMatchObject({ approved: true, note: "looks good" });
  await page.getByRole("heading", { name: "Is two right?" }).waitFor();
  await page.keyboard.press("j");
  await page.getByRole("heading", { name: "Is three right?" }).waitFor();
  await page.keyboard.press("k");
  await page.getByRole("heading", { name: "Is two right?" }).waitFor();
  await page.keyboard.press("d");
  await page.getByLabel(/Note/).press("Enter");
  expect((await server.end(two!)).error).toMatchObject({ code: "APPROVAL_DENIED" });
  await eventually(async () => (await page.title()).startsWith("(1) Approvals"));
  visitor.expectNoWrongs();
});

inBrowser("one approves while another denies: who was later is told what was decided", async () => {
  const server = await serve(folder({ "ask.tsx": ask }));
  const [runId] = await asking(server, "this");
  const [first, second] = await Promise.all([
    Visitor.at(server.url, "/approvals"),
    Visitor.at(server.url, "/approvals"),
  ]);
  await second.page.getByRole("heading", { name: "Is this right?" }).waitFor();
  await second.page.getByRole("button", { name: /Approve/ }).click();
  await first.page.getByRole("button", { name: /Deny/ }).click();
  await first.page.getByLabel(/Note/).fill("not on a Friday");
  await first.page.getByRole("button", { name: "Confirm denial" }).click();
  await second.sees(/someone else has denied it: “not on a Friday”/);
  expect((await server.end(runId!)).status).toBe("failed");
  await second.sees("Nothing waits for a decision");
  for (const visitor of [first, second]) visitor.expectNoWrongs();
});

inBrowser("options are selected and put in order", async () => {
  const server = await serve(folder({ "choose.tsx": choose }));
  const runId = await server.start("choose.tsx");
  const visitor = await Visitor.at(server.url, "/approvals");
  const { page } = visitor;
  await page.getByRole("heading", { name: "Which team?" }).waitFor();
  await page.getByRole("button", { name: /Approve/ }).click();
  await page.getByRole("button", { name: "Confirm approval" }).click();
  await visitor.sees("Choose one of the options first.");
  await page.getByLabel("The web team").check();
  await page.getByRole("button", { name: "Confirm approval" }).click();
  await page.getByRole("heading", { name: "Which first?" }).waitFor();
  await page.getByRole("button", { name: "Move tell up" }).click();
  await page.getByRole("button", { name: "Move tell up" }).click();
  await page.getByRole("button", { name: /^Approve/ }).click();
  await page.getByRole("button", { name: "Confirm approval" }).click();
  await server.end(runId);
  const [team, order] = await server.nodes(runId);
  expect([team!.output, order!.output]).toMatchObject([{ selected: "web" }, { ranked: ["tell", "fix", "test"] }]);
  visitor.expectNoWrongs();
});

inBrowser("an answer is a form of its schema, which tells the fields of an answer that did not fit", async () => {
  const server = await serve(folder({ "answer.tsx": answer }));
  const runId = await server.start("answer.tsx");
  const visitor = await Visitor.at(server.url, "/approvals");
  const { page } = visitor;
  await page.getByRole("heading", { name: "How good is it?" }).waitFor();
  await visitor.sees("Read it, and grade it.");
  await page.getByLabel(/grade/).fill("4");
  await page.getByRole("button", { name: "Send the answer" }).click();
  await visitor.sees("is required");
  await page.getByLabel(/comment/).fill("meh");
  await page.getByRole("button", { name: "Send the answer" }).click();
  await visitor.sees(/asking 2 of 3/);
  await visitor.sees("Say more than that.");
  await page.getByLabel(/comment/).fill("clear and short");
  await page.getByRole("button", { name: "Send the answer" }).click();
  expect((await server.end(runId)).output).toEqual({ grade: 4, comment: "clear and short" });
  visitor.expectNoWrongs();
});

inBrowser("a phone shows the list, then one question, and decides it", async () => {
  const server = await serve(folder({ "ask.tsx": ask }));
  const [runId] = await asking(server, "a-name-that-is-quite-long-for-a-narrow-window-such-as-this-one", "other");
  const visitor = await Visitor.at(server.url, "/approvals", { viewport: phone });
  const { page } = visitor;
  await page.getByRole("button", { name: /Is a-name/ }).click();
  await page.getByRole("button", { name: "All approvals" }).click();
  await page.getByRole("button", { name: /Is a-name/ }).click();
  await page.getByRole("button", { name: "Approve" }).click();
  await page.getByRole("button", { name: "Confirm approval" }).click();
  await visitor.sees(/approved\. The run continues\./);
  expect((await server.end(runId!)).status).toBe("finished");
  const isTooWide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  expect(isTooWide).toBe(false);
  visitor.expectNoWrongs();
});

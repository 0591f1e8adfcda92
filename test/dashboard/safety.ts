import { expect } from "bun:test";
import { inBrowser, Visitor } from "../support/browser.ts";
import { folder } from "../support/folder.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";
import { echo, workflowFile } from "../support/workflows.ts";

/** Texts that a workflow, a model or a caller may write, to do something in the page of the person who looks at it. */
const attacks = [
  `<script>window.wasAttacked = 1</script>`,
  `<img src=x onerror="window.wasAttacked = 1">`,
  `<svg onload=window.wasAttacked=1><a xlink:href="javascript:window.wasAttacked=1"><text y=20>x</text></a></svg>`,
  `"><iframe srcdoc="<script>parent.wasAttacked=1</script>">`,
  `[click](javascript:window.wasAttacked=1)`,
  `javascript:window.wasAttacked=1`,
  `{{constructor.constructor("window.wasAttacked=1")()}}`,
  "__proto__",
  `</title><script>window.wasAttacked=1</script>`,
];

const hostile = workflowFile(
  `<Task id="out" label={attacks[1]} output={outputs.result}>{() => { for (const one of attacks) console.log(one); return { value: { list: attacks, ...Object.fromEntries(attacks.map((one) => ["k " + one, one])) } }; }}</Task>
   <Parallel>{attacks.map((one, n) => <Task key={n} id={"n" + n + one.replaceAll("@@", "")} label={one} output={outputs.result} noRetry continueOnFail>{() => { throw new Error(one); }}</Task>)}</Parallel>
   <Approval id="ok" label={attacks[0]} output={outputs.decision} mode="select" options={attacks.map((one, n) => ({ key: "o" + n, label: one, summary: one }))}
     request={{ title: attacks[2], summary: attacks[4], metadata: attacks }} />`,
  {
    head: `const attacks = ${JSON.stringify(attacks)};`,
    schemas:
      "result: z.object({ value: z.any() }), decision: z.object({ selected: z.string(), notes: z.string().nullable() })",
  },
).replace('name="test"', `name={${JSON.stringify(attacks[0])}}`);

const described = `${workflowFile(`<Task id="t" output={outputs.result}>{{ value: 1 }}</Task>`, {
  schemas: `input: z.object({ to: z.string().default(${JSON.stringify(attacks[1])}).describe(${JSON.stringify(attacks[4])}) }), result: z.object({ value: z.any() })`,
}).replace("export default", `/** ${attacks[4]} ${attacks[1]} */\nexport default`)}`;

inBrowser("whatever a workflow writes is text: nothing runs, nothing is loaded, no link leads to code", async () => {
  const server = await serve(folder({ "hostile.tsx": hostile, "described.tsx": described }));
  const runId = await server.start("hostile.tsx");
  await server.until(runId, ({ type }) => type === "NodeWaitingApproval");
  const visitor = await Visitor.at(server.url, "/");
  const { page } = visitor;
  const paths: [string, string | RegExp][] = [
    ["/", attacks[0]!],
    [`/runs/${runId}`, attacks[1]!],
    [`/runs/${runId}?node=out`, /Printed/],
    [`/runs/${runId}?tab=events`, "NodeOutput"],
    [`/runs/${runId}?tab=frames`, /Frame \d/],
    ["/approvals", attacks[2]!],
    ["/start?workflow=described.tsx", "to"],
  ];
  for (const [path, seen] of paths) {
    await visitor.follow(path);
    await visitor.sees(seen);
    const found = await page.evaluate(() => ({
      wasAttacked: "wasAttacked" in window,
      links: [...document.querySelectorAll("a")].map((a) => a.href).filter((href) => !href.startsWith(location.origin)),
      elements: document.querySelectorAll("main script, main iframe, main img, main svg a").length,
    }));
    expect([path, found]).toEqual([path, { wasAttacked: false, links: [], elements: 0 }]);
  }
  visitor.expectNoWrongs();
});

inBrowser("the token is asked for once, kept for the tab alone, and asked for again when it is refused", async () => {
  const server = await serve(folder({ "echo.tsx": echo }), { authToken: "secret-7f3a" });
  await server.complete("echo.tsx", {}, { runId: "mine" });
  const visitor = await Visitor.at(server.url, "/");
  const { page, context } = visitor;
  await visitor.sees("This server asks for a token");
  await page.getByLabel("Token", { exact: true }).fill("wrong");
  await page.keyboard.press("Enter");
  await visitor.sees("The server does not accept this token.");
  expect(await page.getByText("mine").count()).toBe(0);
  await page.getByLabel("Token", { exact: true }).fill("secret-7f3a");
  await page.keyboard.press("Enter");
  await visitor.sees("mine");
  await page.reload();
  await visitor.sees("mine");
  const kept = await page.evaluate(() => [location.href, JSON.stringify(localStorage), document.cookie].join(" "));
  expect(kept).not.toContain("secret-7f3a");
  const other = await context.newPage();
  await other.goto(`${server.url}/dashboard/`);
  await other.getByText("This server asks for a token").waitFor();
  await page.evaluate(() => sessionStorage.setItem("smithers.token", "expired"));
  await page.reload();
  await visitor.sees("The server does not accept this token.");
  visitor.expectNoWrongs();
});

inBrowser("a server without a token asks for none, and one without a database for lists says so", async () => {
  const server = await serve(folder(), { withoutDb: true });
  const visitor = await Visitor.at(server.url, "/");
  await visitor.sees("This server keeps no lists");
  expect(await visitor.page.getByText("asks for a token").count()).toBe(0);
});

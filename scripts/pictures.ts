/**
 * Writes the pictures of the web page that the docs show: `bun scripts/pictures.ts`, after `npm run build`. It needs
 * Chromium, and the font Inter for the same look (apt-get install chromium fonts-inter).
 */
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type Page } from "playwright-core";
import { createClient } from "../src/client/index.ts";
import { startServer } from "../src/index.ts";

const projectDir = join(import.meta.dirname, "..");
const head = `/** @jsxImportSource smithers-orchestrator */
import { Approval, approvalDecisionSchema, createSmithers, Loop, Parallel, Task, WaitForEvent, Workflow } from "smithers-orchestrator";
import { z } from "zod";
const pause = (ms: number) => new Promise((end) => setTimeout(end, ms));`;

const release = `${head}
const { smithers, outputs } = createSmithers({
  input: z.object({ version: z.string() }),
  build: z.object({ file: z.string(), bytes: z.number() }),
  review: z.object({ verdict: z.string(), comments: z.array(z.string()) }),
  decision: approvalDecisionSchema,
  announcement: z.object({ url: z.url() }),
});
let tries = 0;
export default smithers((ctx) => (
  <Workflow name="release">
    <Task id="checkout" output={outputs.build}>{async () => { await pause(300); return { file: "src.tar", bytes: 812034 }; }}</Task>
    <Parallel maxConcurrency={3}>
      {["linux-x64", "linux-arm64", "macos-arm64", "windows-x64"].map((name, n) => (
        <Task key={name} id={"build-" + name} label={"Build for " + name} output={outputs.build}>
          {async () => { console.log("compiling 214 modules for", name); await pause(500 + 170 * n); console.log("linked in 4.2 s"); return { file: "release-" + ctx.input.version + "-" + name + ".tar.gz", bytes: 48211904 + n * 1201 }; }}
        </Task>
      ))}
    </Parallel>
    <Loop id="review" until={ctx.iterationCount("review", "critique") >= 2}>
      <Task id="critique" output={outputs.review} retryPolicy={{ backoff: "fixed", initialDelayMs: 120 }}>
        {async () => { await pause(260); if (++tries % 3 === 1) throw new Error("The model did not answer in time."); return { verdict: "fine", comments: [] }; }}
      </Task>
    </Loop>
    <Approval id="ship" output={outputs.decision} request={{ title: "Ship " + ctx.input.version + " to everyone?", summary: "All four platforms are built and reviewed.", metadata: { risk: "low", changed: ["src/parser/tokenize.ts", "src/cli/main.ts"], startMs: { now: 41, before: 44 } } }} />
    <WaitForEvent id="announce" event="announced" output={outputs.announcement} />
  </Workflow>
));
`;

const small = `${head}
const { smithers, outputs } = createSmithers({ result: z.object({ value: z.any() }), decision: approvalDecisionSchema });
export default smithers((ctx) => (
  <Workflow name={String(ctx.input.name)}>
    <Task id="work" output={outputs.result} noRetry>
      {async () => { await pause(Number(ctx.input.ms)); if (ctx.input.error) throw new Error(String(ctx.input.error)); return { value: 1 }; }}
    </Task>
    {ctx.input.ask ? <Approval id="confirm" output={outputs.decision} request={{ title: String(ctx.input.ask), summary: "Asked by the workflow " + ctx.input.name + "." }} /> : null}
  </Workflow>
));
`;

const runs: readonly Record<string, unknown>[] = [
  { name: "nightly-report", ms: 410 },
  { name: "sync-inventory", ms: 96, error: "The warehouse answered 503 three times in a row." },
  { name: "triage-issue", ms: 180, ask: "Close 14 issues that have had no answer for a year?" },
  { name: "rotate-keys", ms: 240 },
  { name: "nightly-report", ms: 380 },
  { name: "summarise-tickets", ms: 700 },
  { name: "refund", ms: 60, ask: "Refund order 20418 (129.00 EUR)?" },
  { name: "sync-inventory", ms: 88 },
  { name: "summarise-tickets", ms: 640 },
];

const root = mkdtempSync(join(tmpdir(), "smithers-pictures-"));
writeFileSync(join(root, "release.tsx"), release);
writeFileSync(join(root, "small.tsx"), small);
const server = startServer({ port: 0, db: join(root, "smithers.db"), rootDir: root, logLevel: "error" });
await once(server, "listening");
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const client = createClient({ url });
for (let round = 0; round < 3; round += 1) {
  for (const input of round === 2 ? runs : runs.filter(({ ask }) => !ask)) {
    await client.runs.start({ workflowPath: "small.tsx", input: { ...input } });
  }
}
const { runId } = await client.runs.start({ workflowPath: "release.tsx", input: { version: "1.2" } });
while ((await client.approvals.list()).length < 3) await new Promise((end) => setTimeout(end, 100));
await client.runs.start({ workflowPath: "small.tsx", input: { name: "migrate-tenant", ms: 60_000 } });

const browser = await chromium.launch({ executablePath: Bun.which("chromium")!, args: ["--no-sandbox"] });
const context = await browser.newContext({ viewport: { width: 1180, height: 640 }, reducedMotion: "reduce" });
const page = await context.newPage();
await take(page, "/", "decision on ship", "dashboard-runs");
await take(page, `/runs/${runId}?node=build-linux-arm64`, "linked in 4.2 s", "dashboard-run");
await page.emulateMedia({ colorScheme: "dark" });
await take(page, "/approvals", "Ship 1.2 to everyone?", "dashboard-approvals");
await browser.close();
await new Promise((resolve) => server.close(resolve));
rmSync(root, { recursive: true });
process.exit(0);

/** Writes a picture of a path of the page as WebP, which Chromium itself encodes. */
async function take(page: Page, path: string, text: string, name: string): Promise<void> {
  await page.goto(`${url}/dashboard${path}`);
  await page.getByText(text).first().waitFor();
  if (name.endsWith("approvals")) {
    await page.getByText(text).first().click();
    await page.keyboard.press("a");
  }
  await page.waitForTimeout(700);
  const png = (await page.screenshot()).toString("base64");
  const encoder = await context.newPage();
  const webp = await encoder.evaluate(async (source) => {
    const image = new Image();
    image.src = `data:image/png;base64,${source}`;
    await image.decode();
    const canvas = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height });
    canvas.getContext("2d")!.drawImage(image, 0, 0);
    return canvas.toDataURL("image/webp", 0.88).split(",")[1]!;
  }, png);
  await encoder.close();
  writeFileSync(join(projectDir, "pictures", `${name}.webp`), Buffer.from(webp, "base64"));
}

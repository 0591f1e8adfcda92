import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, chromium } from "playwright-core";
import type { Benchmark } from "../benchmark.ts";
import { inFlight } from "../client.ts";
import { median } from "../statistics.ts";

const built = fileURLToPath(new URL("../../dist/dashboard", import.meta.url));

export const page: Benchmark = {
  name: "page",
  title: "the web page: its files, its first view in Chromium, and a list of 5,000 runs",
  needsProcess: true,
  async run(bench) {
    const executablePath = Bun.which("chromium");
    if (!executablePath) throw new Error("This row needs Chromium: apt-get install chromium");
    const server = await bench.server({ synchronous: "normal" });
    await inFlight(bench.size(5_000, 300), 16, () => server.client.complete("bench-one.tsx"));
    const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
    const views: number[] = [];
    for (let n = 0; n < bench.size(15, 3); n++) {
      // A context of its own has no cache: each view is a first one.
      const context = await browser.newContext();
      const view = await context.newPage();
      const beginMs = performance.now();
      await view.goto(`${server.client.url}/dashboard/`, { waitUntil: "commit" });
      await view.locator(".run-row.is-row").first().waitFor();
      views.push(performance.now() - beginMs);
      await context.close();
    }
    const slowestMs = await slowestScreen(browser, `${server.client.url}/dashboard/`);
    await browser.close();
    await server.stop();
    return [
      { what: "all files, compressed", value: compressedBytes() / 1_024, unit: "KB", atMost: 250 },
      { what: "first view of the list of runs", value: median(views), unit: "ms", atMost: 1_000 },
      { what: "the next screen of the list, at its slowest", value: slowestMs, unit: "ms", atMost: 500 },
    ];
  },
};

/** The longest time that the page takes to draw the next screen of a list that has been scrolled to its end, in ms. */
async function slowestScreen(browser: Browser, url: string): Promise<number> {
  const view = await browser.newPage();
  await view.goto(url);
  await view.locator(".run-row.is-row").first().waitFor();
  const slowestMs = await view.getByRole("table").evaluate(async (table) => {
    const drawn = async () => {
      await new Promise(requestAnimationFrame);
      await new Promise(requestAnimationFrame);
    };
    // The list grows while it is scrolled, until the oldest run is there.
    for (let height = 0; height < table.scrollHeight; ) {
      height = table.scrollHeight;
      table.scrollTo(0, height);
      for (let n = 0; n < 50 && table.scrollHeight === height; n += 1) await drawn();
    }
    let slowest = 0;
    for (let n = 0; n < 60; n += 1) {
      const fromMs = performance.now();
      table.scrollTop -= 700;
      await drawn();
      slowest = Math.max(slowest, performance.now() - fromMs);
    }
    return slowest;
  });
  await view.close();
  return slowestMs;
}

function compressedBytes(): number {
  const files = readdirSync(built, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const sizes = files.map(({ parentPath, name }) => Bun.gzipSync(readFileSync(join(parentPath, name))).byteLength);
  return sizes.reduce((sum, size) => sum + size, 0);
}

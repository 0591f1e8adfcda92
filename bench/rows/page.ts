import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import type { Benchmark } from "../benchmark.ts";
import { inFlight } from "../client.ts";
import { median } from "../statistics.ts";

const built = fileURLToPath(new URL("../../dist/dashboard", import.meta.url));

export const page: Benchmark = {
  name: "page",
  title: "the web page: its files, and its first view in Chromium",
  needsProcess: true,
  async run(bench) {
    const executablePath = Bun.which("chromium");
    if (!executablePath) throw new Error("This row needs Chromium: apt-get install chromium");
    const server = await bench.server({ synchronous: "normal" });
    await inFlight(bench.size(1_000, 100), 16, () => server.client.complete("bench-one.tsx"));
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
    await browser.close();
    await server.stop();
    return [
      { what: "all files, compressed", value: compressedBytes() / 1_024, unit: "KB", atMost: 250 },
      { what: "first view of the list of runs", value: median(views), unit: "ms", atMost: 1_000 },
    ];
  },
};

function compressedBytes(): number {
  const files = readdirSync(built, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const sizes = files.map(({ parentPath, name }) => Bun.gzipSync(readFileSync(join(parentPath, name))).byteLength);
  return sizes.reduce((sum, size) => sum + size, 0);
}

import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { folder } from "../support/folder.ts";
import { projectDir } from "../support/packed.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";
import { Wire } from "../support/wire.ts";

const built = join(projectDir, "dist/dashboard");
const isBuilt = existsSync(join(built, "index.html"));

test.skipIf(!isBuilt)(
  "the page is public, and its policy allows only files of the server and no frame around it",
  async () => {
    const server = await serve(folder(), { authToken: "secret" });
    for (const path of ["/dashboard/", "/dashboard/runs/some-run", "/dashboard/approvals"]) {
      const { status, headers } = await new Wire(server.url).get(path);
      expect([status, headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
      const policy = headers.get("content-security-policy")!;
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toMatch(/unsafe|https?:|\*/);
      expect([headers.get("x-content-type-options"), headers.get("cache-control")]).toEqual(["nosniff", "no-cache"]);
    }
    const moved = await server.get("/dashboard");
    expect([moved.status, moved.headers.get("location")]).toEqual([308, "/dashboard/"]);
  },
);

test.skipIf(!isBuilt)("the page's files are compressed, kept by browsers, and nothing else is read", async () => {
  const server = await serve(folder());
  const page = (await server.get("/dashboard/")).body;
  const script = /src="(\/dashboard\/assets\/[^"]+\.js)"/.exec(page)![1]!;
  const { headers, body } = await server.get(script, { "accept-encoding": "gzip" });
  expect([headers.get("content-type"), headers.get("cache-control")]).toEqual([
    "text/javascript; charset=utf-8",
    "public, max-age=31536000, immutable",
  ]);
  expect(body).toBe(readFileSync(join(built, script.replace("/dashboard/", "")), "utf8"));
  const outside = [
    "/dashboard/../package.json",
    "/dashboard/%2e%2e/package.json",
    "/dashboard/..%2fpackage.json",
    "/dashboard/assets/none.js",
  ];
  for (const path of outside) expect([path, (await server.get(path)).status]).toEqual([path, 404]);
});

test("the page can be left out", async () => {
  const server = await serve(folder(), { dashboard: false });
  expect((await server.get("/dashboard/")).status).toBe(404);
});

test.skipIf(!isBuilt)("all files of the page have at most 250 KB, compressed", () => {
  const files = readdirSync(built, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const sizes = files.map(({ parentPath, name }) => Bun.gzipSync(readFileSync(join(parentPath, name))).byteLength);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(250 * 1024);
});

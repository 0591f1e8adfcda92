import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterThisTest } from "./cleanup.ts";
import { folder } from "./folder.ts";

/** The environment of a process whose registry of packages is this one, with one package, and whose cache is empty. */
export function registryWith(name: string, code: string): Record<string, string> {
  const manifest = { name, version: "1.0.0", type: "module", main: "index.js" };
  const root = folder({ "package/package.json": JSON.stringify(manifest), "package/index.js": code });
  execFileSync("tar", ["-czf", "package.tgz", "package"], { cwd: root });
  const tarball = readFileSync(join(root, "package.tgz"));
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch({ url }) {
      if (url.endsWith(".tgz")) return new Response(tarball);
      if (new URL(url).pathname !== `/${name}`) return new Response("{}", { status: 404 });
      const dist = { tarball: new URL("/package.tgz", url).href };
      return Response.json({ name, "dist-tags": { latest: "1.0.0" }, versions: { "1.0.0": { ...manifest, dist } } });
    },
  });
  afterThisTest(() => server.stop(true));
  return { BUN_CONFIG_REGISTRY: server.url.href, BUN_INSTALL_CACHE_DIR: folder() };
}

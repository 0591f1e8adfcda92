import { expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, statSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterThisTest } from "../support/cleanup.ts";
import { eventually } from "../support/eventually.ts";
import { folder, write } from "../support/folder.ts";
import { loaderOf, shadowsIn } from "../support/loader.ts";
import { serve, serveWithoutWorkers } from "../support/server.ts";
import { echo } from "../support/workflows.ts";

const edited = echo.replace('id="say"', 'id="said"');

test("a workflow is loaded through one shadow file next to it, named by its content", async () => {
  const root = folder({ "flows/my.flow.tsx": echo });
  const loader = loaderOf(root);
  const { workflowHash: hash, workflowPath } = await loader.load("flows/my.flow.tsx");
  expect(workflowPath).toBe("flows/my.flow.tsx");
  expect(hash).toMatch(/^[0-9a-f]{40}$/);
  expect(shadowsIn(join(root, "flows"))).toEqual([`.my.flow.smithers-${hash}.tsx`]);
});

test("the same content is loaded once, and has one shadow file", async () => {
  const root = folder({ "flow.tsx": echo });
  const loader = loaderOf(root);
  const first = await loader.load("flow.tsx");
  expect((await loader.load("flow.tsx")).workflow).toBe(first.workflow);
  expect(shadowsIn(root).length).toBe(1);
});

test("loads of one workflow at the same time share its evaluation", async () => {
  const root = folder({ "flow.tsx": `globalThis.evaluated = (globalThis.evaluated ?? 0) + 1;\n${echo}` });
  const loader = loaderOf(root);
  const loaded = await Promise.all(Array.from({ length: 10 }, () => loader.load("flow.tsx")));
  expect(new Set(loaded.map(({ workflow }) => workflow)).size).toBe(1);
  expect((globalThis as { evaluated?: number }).evaluated).toBe(1);
  expect(shadowsIn(root).length).toBe(1);
});

test("the shadow file of a superseded version is removed", async () => {
  const root = folder({ "flow.tsx": echo });
  const loader = loaderOf(root);
  const old = await loader.load("flow.tsx");
  write(root, { "flow.tsx": edited });
  const young = await loader.load("flow.tsx");
  expect(young.workflowHash).not.toBe(old.workflowHash);
  await eventually(() => shadowsIn(root).length === 1);
  expect(shadowsIn(root)).toEqual([`.flow.smithers-${young.workflowHash}.tsx`]);
});

test("no shadow file is left of a workflow that was refused, or after the server has closed", async () => {
  const root = folder({
    "throws.tsx": "throw new Error('no');",
    "none.tsx": "export const a = 1;",
    "bad.tsx": "const = 1",
    "a.tsx": echo,
    "flows/b.tsx": edited,
  });
  const server = await serve(root);
  for (const workflowPath of ["throws.tsx", "none.tsx", "bad.tsx"]) {
    expect((await server.post("/v1/runs", { workflowPath })).status).toBe(400);
  }
  expect(shadowsIn(root)).toEqual([]);
  await server.complete("a.tsx");
  await server.complete("flows/b.tsx");
  expect([...shadowsIn(root), ...shadowsIn(join(root, "flows"))].length).toBe(2);
  await server.close();
  expect([...shadowsIn(root), ...shadowsIn(join(root, "flows"))]).toEqual([]);
});

test("no shadow file is left of a load in progress when the loader closes", async () => {
  const root = folder({ "flow.tsx": `await new Promise((r) => setTimeout(r, 50));\n${echo}` });
  const loader = loaderOf(root);
  const loading = loader.load("flow.tsx");
  await eventually(() => shadowsIn(root).length > 0);
  await loader.close();
  await loading;
  expect(shadowsIn(root)).toEqual([]);
});

test("shadow files of killed processes are removed, and no others", async () => {
  const hash = "0".repeat(40);
  const leftover = `.flow.smithers-${hash}.tsx`;
  const others = [`.flow.smithers-${hash.replaceAll("0", "1")}.tsx`, `.other.smithers-${hash}.tsx`, ".flow.config"];
  const root = folder({ "flow.tsx": echo, [leftover]: "", ...Object.fromEntries(others.map((name) => [name, ""])) });
  const longAgo = new Date(Date.now() - 61_000);
  for (const name of [leftover, others[1]!, others[2]!]) utimesSync(join(root, name), longAgo, longAgo);
  const { workflowHash: inUse } = await loaderOf(root).load("flow.tsx");
  expect(readdirSync(root).sort()).toEqual([...others, "flow.tsx", `.flow.smithers-${inUse}.tsx`].sort());
});

test("a shadow file that is changed as soon as it is there is not what runs", async () => {
  const root = folder({ "flow.tsx": echo });
  const planted = `import { appendFileSync } from "node:fs";\nappendFileSync(${JSON.stringify(join(root, "planted"))}, "ran");\n`;
  const program = `
    const { readdirSync, appendFileSync, writeFileSync } = require("node:fs");
    const seen = new Set();
    process.stdout.write("ready");
    for (;;) for (const name of readdirSync(${JSON.stringify(root)})) {
      if (!/^\\.flow\\.smithers-[0-9a-f]{40}\\.tsx$/.test(name) || seen.has(name)) continue;
      seen.add(name);
      writeFileSync(${JSON.stringify(root)} + "/" + name, ${JSON.stringify(planted)});
      appendFileSync(${JSON.stringify(join(root, "changed"))}, name);
    }`;
  const attacker = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
  afterThisTest(() => attacker.kill("SIGKILL"));
  await once(attacker.stdout, "data");
  const loader = loaderOf(root);
  for (let version = 0; version < 30; version += 1) {
    write(root, { "flow.tsx": `${echo}// ${version}\nexport const version = ${version};` });
    expect((await loader.load("flow.tsx")).workflow).toBeDefined();
  }
  await eventually(() => existsSync(join(root, "changed")));
  expect(existsSync(join(root, "planted"))).toBe(false);
});

test("a file whose path no module can be imported from is loaded from a private folder", async () => {
  const flow = `import { greeting } from "./lib?/greet.ts";\n${echo.replace("ctx.input.msg", "greeting")}`;
  const root = folder({
    "why? #1 (50%)/what?.tsx": flow,
    "why? #1 (50%)/lib?/greet.ts": 'export const greeting = "hello";',
  });
  const server = await serveWithoutWorkers(root);
  const before = privateFolders();
  const file = "why? #1 (50%)/what?.tsx";
  expect((await server.complete(file)).output).toEqual({ value: "hello" });
  write(root, { [file]: flow.replace("greeting })", 'greeting + "!" })') });
  expect((await server.complete(file)).output).toEqual({ value: "hello!" });
  expect(shadowsIn(join(root, "why? #1 (50%)"))).toEqual([]);
  const [own, ...more] = privateFolders().filter((path) => !before.includes(path));
  expect(more).toEqual([]);
  expect(statSync(own!).mode & 0o777).toBe(0o700);
  await server.close();
  expect(existsSync(own!)).toBe(false);
});

/** The folders of all processes with shadow files that cannot be next to their source. */
const privateFolders = () =>
  readdirSync(tmpdir(), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name.startsWith("smithers-private-"))
    .map(({ name }) => join(tmpdir(), name))
    .filter((path) =>
      readdirSync(path, { encoding: "utf8", recursive: true }).some((name) =>
        /[/]\.workflow\.smithers-[0-9a-f]{40}\.tsx$/.test(name),
      ),
    );

import { afterAll, expect, test } from "bun:test";
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { llmsFull, llmsIndex } from "../../scripts/llms.ts";
import { Client } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { write } from "../support/folder.ts";
import { testEachMechanism, testWithBash } from "../support/mechanisms.ts";
import { packedApp, projectDir } from "../support/packed.ts";
import { readmeFile } from "../support/readme.ts";
import { oneChecker, testInit } from "./init.ts";

const app = packedApp({ "server.ts": readmeFile("server.ts"), "echo.tsx": readmeFile("echo.tsx") });
const servers = new Set<ChildProcess>();
afterAll(() => {
  for (const server of servers) server.kill("SIGKILL");
});

// First: the commands of a new project must find no database of the app above it.
testInit(app);

testWithBash(
  "the README's quick start runs in an app that has installed the tarball",
  async () => {
    cpSync(join(projectDir, "examples/sample-repo"), join(app, "sample-repo"), { recursive: true });
    cpSync(join(projectDir, "examples/bugfix.tsx"), join(app, "bugfix.tsx"));
    const server = await startReadmeServer();
    expect(await server.complete("./echo.tsx", { msg: "hi" })).toMatchObject({
      status: "finished",
      output: { stdout: "hi" },
    });
    const fixed = await server.complete("./bugfix.tsx", { description: "fix auth" });
    expect(fixed).toMatchObject({ status: "finished", output: { fixed: true } });
    const report = readFileSync(join(app, (fixed.output as { path: string }).path), "utf8");
    expect(report).toContain('+ return typeof text === "string" && text.length >= 16;');
    expect(await server.allRuns()).toHaveLength(2);
  },
  60_000,
);

test("the tarball brings exact versions of what it depends on, and its bill of materials", () => {
  const installed = join(app, "node_modules/smithers-orchestrator");
  const { packages } = JSON.parse(readFileSync(join(installed, "npm-shrinkwrap.json"), "utf8"));
  const { dependencies, scripts } = JSON.parse(readFileSync(join(projectDir, "package.json"), "utf8"));
  for (const name of Object.keys(dependencies))
    expect(packages[`node_modules/${name}`].version).toMatch(/^\d+\.\d+\.\d+/);
  expect(JSON.stringify(packages)).not.toContain('"resolved"');
  expect(JSON.parse(readFileSync(join(installed, "sbom.cdx.json"), "utf8"))).toMatchObject({ bomFormat: "CycloneDX" });
  // The test packs a copy without scripts; a release runs these.
  expect(scripts.prepack).toContain("bun scripts/shrinkwrap.ts");
  expect(scripts.prepack).toContain("npm run --silent sbom");
});

testEachMechanism("the installed package runs a command under %s", (mechanism) => {
  const code = 'import { bash } from "smithers-orchestrator"; console.log(await bash("echo it; ls"));';
  const env = { ...process.env, SMITHERS_SANDBOX: mechanism };
  const printed = execFileSync(process.execPath, ["-e", code], { cwd: app, encoding: "utf8", env });
  expect(printed).toStartWith("it\n");
  expect(printed).toContain("package.json");
});

test("every export of the package can be imported", () => {
  const { exports } = JSON.parse(readFileSync(join(projectDir, "package.json"), "utf8"));
  const code = Object.keys(exports)
    .map((path) => `smithers-orchestrator${path.slice(1)}`)
    .map(
      (name) => `console.log(${JSON.stringify(name)}, Object.keys(await import(${JSON.stringify(name)})).length > 0);`,
    )
    .join("\n");
  const printed = execFileSync(process.execPath, ["-e", code], { cwd: app, encoding: "utf8" });
  expect(printed.trim().split("\n")).toEqual(
    Object.keys(exports).map((path) => `smithers-orchestrator${path.slice(1)} true`),
  );
});

testWithBash(
  "the tarball brings the smithers command, which runs with Bun on the PATH, and finds Bun where only Node is",
  () => {
    const home = join(app, "home");
    const node = spawnSync("which", ["node"], { encoding: "utf8" }).stdout.trim();
    const run = (path: string, args: string[], env: Record<string, string> = {}) =>
      spawnSync(join(app, "node_modules/.bin/smithers"), args, {
        cwd: app,
        encoding: "utf8",
        env: { PATH: path, ...env },
      });
    const system = `${dirname(node)}:/usr/bin:/bin`;
    const { version } = JSON.parse(readFileSync(join(projectDir, "package.json"), "utf8"));
    const withBun = run(`${join(projectDir, "node_modules/.bin")}:${system}`, ["--version"], { HOME: home });
    expect(withBun).toMatchObject({ status: 0, stdout: `${version}\n` });
    // Bun would take from its registry what a workflow imports and is not installed.
    write(app, { "told/bun": '#!/bin/sh\necho "$1"\n' });
    chmodSync(join(app, "told/bun"), 0o755);
    expect(run(`${join(app, "told")}:${system}`, ["ps"]).stdout).toBe("--no-install\n");
    const noRun = run(system, ["ps"], { HOME: home });
    expect(noRun).toMatchObject({ status: 1, stderr: expect.stringContaining("npm install --save-dev bun") });
    for (const args of [[], ["--help"], ["help", "up"], ["up", "--help"]]) {
      expect(run(system, args, { HOME: home })).toMatchObject({ status: 0, stdout: expect.stringContaining("Usage:") });
    }
    expect(run(system, ["--version"], { HOME: home })).toMatchObject({ status: 0, stdout: `${version}\n` });
    expect(run(system, ["init", "made-by-node"], { HOME: home }).status).toBe(0);
    expect(existsSync(join(app, "made-by-node/hello.tsx"))).toBe(true);
    mkdirSync(join(home, ".bun/bin"), { recursive: true });
    symlinkSync(process.execPath, join(home, ".bun/bin/bun"));
    const found = run(system, ["up", "echo.tsx", "--input", '{"msg": "hi"}'], { HOME: home });
    expect(found).toMatchObject({ status: 0, stdout: expect.stringContaining('"stdout": "hi"') });
    expect(run(system, ["ps"], { HOME: home })).toMatchObject({
      status: 0,
      stdout: expect.stringContaining("succeeded"),
    });
  },
);

test("an entry that needs Bun says so in one sentence under Node, to an import of its names and to a require", async () => {
  const { exports } = JSON.parse(readFileSync(join(projectDir, "package.json"), "utf8"));
  const needsBun = Object.entries<{ bun?: string }>(exports).flatMap(([path, { bun }]) => (bun ? [path.slice(1)] : []));
  const oneOf = { "": "startServer", "/serve": "createServeApp", "/mdx-plugin": "mdxPlugin", "/server": "startServer" };
  expect(needsBun.sort()).toEqual(Object.keys(oneOf).sort());
  for (const [path, known] of Object.entries(oneOf)) {
    const name = `smithers-orchestrator${path}`;
    const names = Object.keys(
      await import(join(app, "node_modules", "smithers-orchestrator", exports[`.${path}`].bun)),
    );
    expect(names).toContain(known);
    for (const code of [`import { ${names.join(", ")} } from "${name}"`, `require("${name}")`]) {
      const type = code.startsWith("import") ? "module" : "commonjs";
      const node = spawnSync("node", [`--input-type=${type}`, "-e", code], { cwd: app, encoding: "utf8" });
      expect(node.stderr).toContain("\nError: smithers-orchestrator needs Bun 1.3 or later: install it with");
      expect(node.status).toBe(1);
    }
  }
});

test("the client in the tarball is for every runtime: it imports no module of Node or Bun", async () => {
  const client = join(app, "node_modules/smithers-orchestrator/dist/client/index.js");
  const { outputs } = await Bun.build({ entrypoints: [client], target: "browser", external: ["node:*", "bun:*"] });
  const text = await outputs[0]!.text();
  expect(text).toContain("createClient");
  expect(text.match(/["'](node|bun):\w+["']/g)).toBeNull();
});

test("the tarball brings the docs, the examples, the dashboard and what agents read, as small as they are", () => {
  const folder = join(app, "node_modules/smithers-orchestrator");
  let bytes = 0;
  for (const part of ["docs", "examples", "observability"]) {
    const names = readdirSync(join(projectDir, part), { recursive: true, encoding: "utf8" });
    expect(names.length).toBeGreaterThan(1);
    expect(names.filter((name) => !existsSync(join(folder, part, name)))).toEqual([]);
    for (const name of names) bytes += statSync(join(folder, part, name)).size;
  }
  for (const [name, text] of [
    ["llms.txt", llmsIndex()],
    ["llms-full.txt", llmsFull()],
  ] as const) {
    expect(readFileSync(join(folder, name), "utf8")).toBe(text);
    bytes += Buffer.byteLength(text);
  }
  expect(bytes).toBeLessThan(720 * 1024);
});

test("the command that npx runs by the package's own name is smithers", () => {
  const { bin } = JSON.parse(readFileSync(join(projectDir, "package.json"), "utf8"));
  expect(bin["smithers-orchestrator"]).toBe(bin.smithers);
  expect(existsSync(join(app, "node_modules/.bin/smithers-orchestrator"))).toBe(true);
});

test("the declarations of all entries of the tarball type-check, and an app against them", () => {
  const typeRoots = [join(projectDir, "node_modules/@types")];
  const compilerOptions = {
    strict: true,
    noEmit: true,
    // The declarations of the compiler itself are not ours.
    skipDefaultLibCheck: true,
    module: "NodeNext",
    jsx: "react-jsx",
    types: ["bun"],
    typeRoots,
  };
  // Without server.ts, which testInit checks: it imports Drizzle, whose declarations take as long as all others.
  const files = ["all.ts", "echo.tsx", "wrong.tsx", "retry.tsx"];
  writeFileSync(join(app, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
  const { exports } = JSON.parse(readFileSync(join(projectDir, "package.json"), "utf8"));
  const entries = Object.keys(exports).filter((path) => !path.endsWith(".json"));
  expect(entries.length).toBeGreaterThan(5);
  const all = entries.map((path, index) => `export * as e${index} from "smithers-orchestrator${path.slice(1)}";\n`);
  writeFileSync(join(app, "all.ts"), all.join(""));
  const wrong = readmeFile("echo.tsx").replace("stdout: await", "stdoutt: await");
  writeFileSync(join(app, "wrong.tsx"), wrong);
  writeFileSync(join(app, "retry.tsx"), readmeFile("echo.tsx").replace('id="run"', 'id="run" retry={2}'));
  const { stdout } = spawnSync(join(projectDir, "node_modules/.bin/tsc"), ["-p", app, ...oneChecker], {
    cwd: projectDir,
    encoding: "utf8",
  });
  const lines = stdout.split("\n").filter((line) => /error TS/.test(line));
  expect(lines).toEqual([expect.stringContaining("retry.tsx"), expect.stringContaining("wrong.tsx")]);
  // The compiler would suggest the opposite, noRetry.
  expect(stdout).toContain('DidYouMean<"retries">');
  expect(stdout).not.toContain("noRetry");
}, 120_000);

test("fewer than sixty packages come along", () => {
  const folders = readdirSync(join(app, "node_modules")).filter((name) => !name.startsWith("."));
  const packages = folders.flatMap((name) =>
    name.startsWith("@") ? readdirSync(join(app, "node_modules", name)) : name,
  );
  expect(packages.length).toBeLessThan(60);
});

async function startReadmeServer(): Promise<Client> {
  const port = await freePort();
  writeFileSync(join(app, "server.ts"), readmeFile("server.ts").replace("port: 7331", `port: ${port}`));
  const child = spawn(process.execPath, ["server.ts"], {
    cwd: app,
    env: { ...process.env, SMITHERS_API_KEY: "secret" },
    stdio: "inherit",
  });
  servers.add(child);
  const client = new Client(`http://127.0.0.1:${port}`, "secret");
  await eventually(() => client.get("/health"));
  return client;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

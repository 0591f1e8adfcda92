import { expect, test } from "bun:test";
import { join, relative } from "node:path";
import { folder } from "../support/folder.ts";
import { projectDir } from "../support/packed.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";
import { echo } from "../support/workflows.ts";

/** The client as a browser would load it: one module. */
async function bundled(): Promise<{ code: string; modules: string[] }> {
  const modules: string[] = [];
  const built = await Bun.build({
    entrypoints: [join(projectDir, "src/client/index.ts")],
    target: "browser",
    minify: true,
    plugins: [
      {
        name: "note",
        setup(build) {
          build.onLoad({ filter: /\.ts$/ }, ({ path }) => {
            modules.push(relative(join(projectDir, "src"), path));
            return undefined;
          });
        },
      },
    ],
  });
  return { code: await built.outputs[0]!.text(), modules };
}

test("the client is a small bundle of its own modules and the errors, without a package, at most 12 KB compressed", async () => {
  const { code, modules } = await bundled();
  expect(modules).toContain("client/client.ts");
  expect(modules.filter((file) => !/^(client|errors|text)\//.test(file))).toEqual(["model/run-end.ts"]);
  expect(code).not.toMatch(/\bimport\s*[({"*]|\bfrom\s*"|\brequire\(|\bprocess\.|\bBuffer\./);
  expect(Bun.gzipSync(code).byteLength).toBeLessThan(12_288);
});

/** What runs a module that may only use the network. Deno is no package of this project: it needs 90 MB. */
const runtimes: readonly [name: string, ...command: string[]][] = [
  ["Node", "node"],
  ["Deno", "deno", "run", "--quiet", "--allow-net"],
];

for (const [name, program, ...args] of runtimes) {
  test.skipIf(!Bun.which(program!))(`the bundle drives a server from ${name}`, () => drivesServer([program!, ...args]));
}

async function drivesServer(command: readonly string[]): Promise<void> {
  const server = await serve(folder({ "echo.tsx": echo }), { authToken: "secret" });
  const { code } = await bundled();
  const script = `
    const { createClient } = await import("./client.mjs");
    const { runs } = createClient({ url: ${JSON.stringify(server.url)}, token: "secret" });
    const { runId } = await runs.start({ workflowPath: "echo.tsx", input: { msg: "from afar" } });
    const { output } = await runs.wait(runId);
    let last;
    for await (const event of runs.events(runId)) last = event.type;
    const { code } = await runs.get("nothing").catch((error) => error);
    console.log(JSON.stringify({ output, last, code }));`;
  const cwd = folder({ "client.mjs": code, "main.mjs": script });
  const child = Bun.spawn([...command, "main.mjs"], { cwd, stdout: "pipe", stderr: "inherit" });
  expect(JSON.parse(await new Response(child.stdout).text())).toEqual({
    output: { value: "from afar" },
    last: "RunFinished",
    code: "RUN_NOT_FOUND",
  });
}

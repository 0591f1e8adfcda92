import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runtime } from "../../src/runtime/index.ts";
import { Client } from "../support/client.ts";
import { folder } from "../support/folder.ts";
import { ServerProcess } from "../support/process.ts";
import { workersOf } from "../support/worker-processes.ts";
import { workflowFile } from "../support/workflows.ts";

const reading = workflowFile(
  `<Task id="env" output={outputs.result}>{() => ({ value: { token: process.env.SMITHERS_API_KEY ?? null, copy: process.env.TOKEN_COPY ?? null, author: process.env.AUTHOR_KEY ?? null, file: process.env.FROM_FILE ?? null } })}</Task>`,
);

test("a worker has the author's environment, and neither the server's token nor its database's address", async () => {
  const env = "SMITHERS_API_KEY=from-the-file\nFROM_FILE=yes\n";
  const root = folder({ "reading.tsx": reading, ".env": env });
  const database = join(root, "main.db");
  const server = await ServerProcess.start(root, {
    SMITHERS_API_KEY: "secret-of-the-server",
    TOKEN_COPY: "secret-of-the-server",
    DATABASE: database,
    AUTHOR_KEY: "of the author",
    SERVE_OPTIONS: JSON.stringify({ db: database }),
  });
  const client = new Client(server.url, "secret-of-the-server");
  const { output } = await client.complete("reading.tsx");
  expect(output).toEqual({ value: { token: null, copy: null, author: "of the author", file: "yes" } });
  // The options of this test's own server program name it too.
  const isSecret = (pair: string) =>
    !pair.startsWith("SERVE_OPTIONS=") && (pair.includes("secret-of-the-server") || pair.includes(database));
  const workers = workersOf(server.child.pid!);
  expect(workers.length).toBeGreaterThan(0);
  for (const worker of workers) {
    const given = readFileSync(`/proc/${worker}/environ`, "utf8").split("\0");
    expect(given).toContain("AUTHOR_KEY=of the author");
    expect(given.filter(isSecret)).toEqual([]);
    const open = readFileSync(`/proc/${worker}/maps`, "utf8");
    expect(open).not.toContain(database);
  }
});

test("what makes a worker itself cheap is no part of the environment of its code and of its commands", async () => {
  const names = `<Task id="env" output={outputs.result}>{async () => ({ value: [...Object.keys(process.env), ...execFileSync("env", { encoding: "utf8" }).split("\\n"), ...(await bash("env")).split("\\n")] })}</Task>`;
  const head = `import { execFileSync } from "node:child_process"; import { bash } from "smithers-orchestrator";`;
  const root = folder({ "names.tsx": workflowFile(names, { head }) });
  const server = await ServerProcess.start(root);
  const { output } = await server.complete("names.tsx");
  const [tuning] = Object.keys(runtime.lateOptimization);
  const isTuning = (line: string) => line.split("=")[0] === tuning;
  const { value } = output as { value: string[] };
  expect(value.filter((name) => /^PATH/.test(name)).length).toBeGreaterThanOrEqual(2);
  expect(value.filter(isTuning)).toEqual([]);
  const [worker] = workersOf(server.child.pid!);
  expect(readFileSync(`/proc/${worker}/environ`, "utf8").split("\0").filter(isTuning)).not.toEqual([]);
});

test("when memory runs out the kernel ends a worker rather than its server", async () => {
  const score = `<Task id="a" output={outputs.result}>{() => ({ value: Number(readFileSync("/proc/self/oom_score_adj", "utf8")) })}</Task>`;
  const server = await ServerProcess.start(folder({ "score.tsx": workflowFile(score) }));
  const ofServer = Number(readFileSync(`/proc/${server.child.pid}/oom_score_adj`, "utf8"));
  expect((await server.complete("score.tsx")).output).toEqual({ value: Math.min(ofServer + 300, 1_000) });
});

test("tools of a worker find no database of the server, also none that was opened while it ran", async () => {
  const own = workflowFile(`<Task id="a" output={outputs.result}>{{ value: 1 }}</Task>`, {
    create: `, { dbPath: "own/runs.db" }`,
  });
  const readingFile = workflowFile(
    `<Task id="a" output={outputs.result}>{async () => { await fileAt("go"); return { value: await read(ctx.input.path).catch((error) => error.code) }; }}</Task>`,
    { head: `import { read } from "smithers-orchestrator";` },
  );
  const root = folder({ "own.tsx": own, "reads.tsx": readingFile, "notes.txt": "text" });
  const server = await ServerProcess.start(root);
  const early = await server.start("reads.tsx", { path: "own/runs.db" });
  expect((await server.complete("own.tsx")).status).toBe("finished");
  await Bun.write(join(root, "go"), "");
  expect((await server.end(early)).output).toEqual({ value: "TOOL_PATH_ESCAPE" });
  expect((await server.complete("reads.tsx", { path: "smithers.db" })).output).toEqual({ value: "TOOL_PATH_ESCAPE" });
  expect((await server.complete("reads.tsx", { path: "notes.txt" })).output).toEqual({ value: "text" });
});

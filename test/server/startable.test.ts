import { describe, expect, test } from "bun:test";
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startServer } from "smithers-orchestrator";
import { smithers, startSmithers } from "../support/cli.ts";
import { Client } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { folder } from "../support/folder.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";
import { echo, workflowFile } from "../support/workflows.ts";

const waits = workflowFile(`<Signal id="go" schema={outputs.result} />`);
const timed = workflowFile(`<Timer id="later" duration="1s" />`);

/** Paths, and whether they may be started, for each choice of globs. */
const cases: { workflows?: string[]; allowed: string[]; refused: string[] }[] = [
  {
    allowed: ["a.tsx", "flows/b.tsx", "flows/deep/c.tsx", ".hidden/d.tsx", "to-flow.tsx"],
    refused: [
      "node_modules/pkg/e.tsx",
      "flows/node_modules/f.tsx",
      "to-package.tsx",
      "./flows/../node_modules/pkg/e.tsx",
    ],
  },
  {
    workflows: ["flows/**"],
    allowed: ["flows/b.tsx", "./flows/deep/c.tsx", "a/../flows/b.tsx", "to-flow.tsx"],
    refused: [
      "a.tsx",
      "flows/../a.tsx",
      "flows/node_modules/f.tsx",
      "flows/to-root.tsx",
      "node_modules/pkg/e.tsx",
      "missing.tsx",
    ],
  },
  {
    workflows: ["./flows/"],
    allowed: ["flows/b.tsx", "flows/deep/c.tsx"],
    refused: ["a.tsx", "flows/node_modules/f.tsx"],
  },
  {
    workflows: ["*.tsx", "flows/{b,x}.tsx"],
    allowed: ["a.tsx", "flows/b.tsx"],
    refused: ["flows/deep/c.tsx", "to-package.tsx"],
  },
  {
    workflows: ["**/node_modules/pkg/*.tsx"],
    allowed: ["node_modules/pkg/e.tsx", "to-package.tsx"],
    refused: ["a.tsx", "flows/node_modules/f.tsx"],
  },
];

function app(): string {
  const root = folder({
    "a.tsx": echo,
    "flows/b.tsx": echo,
    "flows/deep/c.tsx": echo,
    ".hidden/d.tsx": echo,
    "node_modules/pkg/e.tsx": echo,
    "flows/node_modules/f.tsx": echo,
  });
  symlinkSync("flows/b.tsx", join(root, "to-flow.tsx"));
  symlinkSync("../a.tsx", join(root, "flows/to-root.tsx"));
  symlinkSync("node_modules/pkg/e.tsx", join(root, "to-package.tsx"));
  return root;
}

describe.each(cases)("with the globs $workflows", ({ workflows, allowed, refused }) => {
  test("runs are started from what they name and nothing else, and no run is left of a refusal", async () => {
    const server = await serve(app(), { workflows });
    for (const workflowPath of allowed) {
      const { status, body } = await server.post("/v1/runs", { workflowPath, input: { msg: 1 } });
      expect([workflowPath, status, body.error]).toEqual([workflowPath, 200, undefined]);
    }
    for (const workflowPath of refused) {
      const { status, body } = await server.post("/v1/runs", { workflowPath, input: { msg: 1 } });
      expect([workflowPath, status, body.error?.code]).toEqual([workflowPath, 403, "WORKFLOW_NOT_ALLOWED"]);
      expect(body.error.message).toMatch(/node_modules|is not among the workflows that this server starts: /);
    }
    expect(await server.allRuns()).toHaveLength(allowed.length);
    const listed = (await server.get("/v1/workflows")).body as { workflowPath: string }[];
    for (const { workflowPath } of listed) expect(refused).not.toContain(workflowPath);
  });
});

test("a run whose file is no longer named is not continued by a signal, a timer, resume or a restart, and says why", async () => {
  const root = folder({ "flows/waits.tsx": waits, "flows/timed.tsx": timed, "other/x.tsx": echo });
  const first = await serve(root, { workflows: ["flows/**"] });
  const waiting = await first.start("flows/waits.tsx", {});
  const sleeping = await first.start("flows/timed.tsx", {});
  await first.until(waiting, ({ type }) => type === "RunStatusChanged");
  await first.close();

  const second = await serve(root, { workflows: ["other/**"], withoutDb: true, db: join(root, "smithers.db") });
  expect((await second.post(`/v1/runs/${waiting}/resume`)).body.error).toMatchObject({ code: "WORKFLOW_NOT_ALLOWED" });
  expect((await second.post(`/v1/runs/${waiting}/resume`, { workflowPath: "flows/waits.tsx" })).status).toBe(403);
  await second.signals.send(waiting, "go", { data: { value: 1 } });
  for (const runId of [waiting, sleeping]) {
    const { reason } = await eventually(async () => (await second.run(runId)).runState.unhealthy);
    expect(reason).toContain("is not among the workflows that this server starts: other/**");
  }
  await second.close();

  const third = await serve(root, { workflows: ["flows/**"] });
  for (const runId of [waiting, sleeping]) expect((await third.end(runId)).status).toBe("finished");
});

test("a workflow folder that is swapped for a link to another is refused by where it leads", async () => {
  const root = app();
  const server = await serve(root, { workflows: ["flows/**"] });
  renameSync(join(root, "flows"), join(root, "flows.old"));
  mkdirSync(join(root, "elsewhere"));
  writeFileSync(join(root, "elsewhere/b.tsx"), echo);
  symlinkSync("elsewhere", join(root, "flows"));
  expect((await server.post("/v1/runs", { workflowPath: "flows/b.tsx" })).body.error.code).toBe("WORKFLOW_NOT_ALLOWED");
});

test("a source of more than 5 MB is refused before it is compiled, with its size", async () => {
  const padding = `\n// ${"x".repeat(5_000_000)}`;
  const big = `${echo}${padding}`;
  const imports = workflowFile(`<Task id="say" output={outputs.result}>{() => ({ value: big })}</Task>`, {
    head: `import { big } from "./big.ts";`,
  });
  const server = await serve(
    folder({ "large.tsx": big, "imports.tsx": imports, "big.ts": `export const big = 1;${padding}` }),
  );
  for (const workflowPath of ["large.tsx", "imports.tsx"]) {
    const { status, body } = await server.post("/v1/runs", { workflowPath });
    expect([status, body.error.code]).toEqual([400, "WORKFLOW_INVALID"]);
    expect(body.error.message).toMatch(/has 5\d{6} bytes; the limit .*is 5000000/);
  }
});

test("smithers server takes the globs as options", async () => {
  const root = app();
  const server = startSmithers(["server", "--workflows", "flows/**", "--workflows", "a.tsx", "--port", "0", "--json"], {
    cwd: root,
  });
  await server.says(/\n}/);
  const client = new Client(JSON.parse(server.printed.out).url);
  const statuses = [];
  for (const workflowPath of ["flows/b.tsx", "a.tsx", ".hidden/d.tsx"]) {
    statuses.push((await client.post("/v1/runs", { workflowPath, input: { msg: 1 } })).status);
  }
  expect(statuses).toEqual([200, 200, 403]);
  const { code, err } = await smithers(root, "server", "--workflows", "", "--port", "0");
  expect([code, /workflows/.test(err)]).toEqual([4, true]);
  for (const workflows of ["flows/**", [""], [1], {}]) {
    expect(() => startServer({ port: 0, rootDir: root, workflows: workflows as string[] })).toThrow(/workflows/);
  }
});

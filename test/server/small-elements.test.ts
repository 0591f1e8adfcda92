import { expect, test } from "bun:test";
import { forAllTests } from "../support/cleanup.ts";
import { folder } from "../support/folder.ts";
import { longestBlock } from "../support/longest-block.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";
import { echo } from "../support/workflows.ts";

const many = (count: number, one: (index: number) => string) =>
  Array.from({ length: count }, (_, at) => one(at)).join(",");
const field = (at: number) => `"${at.toString(36)}":1`;

/** Bodies below 1 MiB that have as many values as fit. */
const bodies: Record<string, string> = {
  "empty objects": `{"workflowPath":"./echo.tsx","input":{"x":[${many(340_000, () => "{}")}]}}`,
  numbers: `{"workflowPath":"./echo.tsx","input":{"x":[${many(500_000, () => "1")}]}}`,
  "objects with a field": `{"workflowPath":"./echo.tsx","input":{"x":[${many(140_000, () => '{"":1}')}]}}`,
  fields: `{"workflowPath":"./echo.tsx","input":{${many(100_000, field)}}}`,
  "unknown fields": `{"workflowPath":"./echo.tsx",${many(100_000, field)}}`,
  "unknown settings": `{"workflowPath":"./echo.tsx","config":{${many(100_000, field)}}}`,
  "deep arrays": `{"workflowPath":"./echo.tsx","input":{"x":[${many(16_000, () => `${"[".repeat(28)}${"]".repeat(28)}`)}]}}`,
};

function timed(act: () => unknown): number {
  const begin = performance.now();
  act();
  return performance.now() - begin;
}

const shared = forAllTests(() => serve(folder({ "echo.tsx": echo }), { logLevel: "silent" }));

for (const [what, body] of Object.entries(bodies)) {
  test(`a body of many ${what} blocks nothing for more than 50 ms`, async () => {
    const server = shared();
    const post = async () => {
      const { status, body: answer } = await server.post("/v1/runs", body);
      expect([status, answer.runId]).toEqual([200, expect.any(String)]);
      await server.end(answer.runId);
    };
    // Loads the workflow file.
    await server.start("./echo.tsx");
    // On a machine that is busy, everything takes longer; what JSON.parse takes tells how much.
    let isShort = false;
    for (let round = 0; round < 8 && !isShort; round += 1) {
      const longest = await longestBlock(post);
      const parseMs = timed(() => JSON.parse(body));
      isShort = longest < Math.max(50, 3 * parseMs);
    }
    expect(isShort).toBe(true);
  });
}

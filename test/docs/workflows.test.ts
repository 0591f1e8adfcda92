import { expect, test } from "bun:test";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { folder } from "../support/folder.ts";
import { projectDir } from "../support/packed.ts";
import { documentFiles } from "../support/readme.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";

/** A model provider as the documents import it, whose models answer at once. */
const provider = `
import { MockLanguageModelV3 } from "ai/test";
const text = JSON.stringify({ verdict: "approve", comments: ["No tests."] });
const usage = { inputTokens: { total: 1 }, outputTokens: { total: 1 } };
const finishReason = { unified: "stop" };
export const anthropic = (modelId) =>
  new MockLanguageModelV3({ modelId, doGenerate: async () => ({ content: [{ type: "text", text }], finishReason, usage, warnings: [] }) });
`;

/** What each workflow that docs/workflows.md shows is started with, and ends with. */
const shown: Record<string, [input: unknown, output: unknown]> = {
  "greet.tsx": [{ names: ["Ann", "Bob"] }, { text: "Hello, Bob!" }],
  "review.tsx": [{ path: "greet.tsx" }, { verdict: "approve", comments: ["No tests."] }],
  "critique.tsx": [{}, { verdict: "# Critique of main.ts" }],
  "shout.tsx": [{}, { text: "HELLO" }],
  "guess.tsx": [{ secret: 3 }, "found"],
};

test("every workflow that docs/workflows.md shows runs as it stands", async () => {
  const files = documentFiles("docs/workflows.md");
  const workflows = Object.keys(files).filter((name) => name.endsWith(".tsx"));
  expect(workflows.sort()).toEqual(Object.keys(shown).sort());
  const root = folder({
    ...files,
    "node_modules/@ai-sdk/anthropic/package.json": JSON.stringify({ type: "module", main: "index.js" }),
    "node_modules/@ai-sdk/anthropic/index.js": provider,
  });
  mkdirSync(join(root, "node_modules"), { recursive: true });
  symlinkSync(join(projectDir, "node_modules/ai"), join(root, "node_modules/ai"));
  const server = await serve(root);
  for (const [name, [given, output]] of Object.entries(shown)) {
    const input = name === "review.tsx" ? { path: join(root, "greet.tsx") } : given;
    expect([name, await server.complete(name, input)]).toMatchObject([name, { status: "finished", output }]);
  }
});

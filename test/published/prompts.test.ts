import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Project } from "../support/commands.ts";
import { folder } from "../support/folder.ts";
import { serveWithoutWorkers as serve, serve as serveWithWorkers } from "../support/server.ts";
import { sharedServer } from "../support/shared-server.ts";
import { workflowFile } from "../support/workflows.ts";

/** An agent whose answer is the prompt that it was given. */
const repeats = "const agent = { generate: ({ prompt }) => ({ output: { prompt } }) };";
const schemas = `result: z.object({ prompt: z.string(), more: z.number().optional() })`;

const asking = (prompt: string, head = "") =>
  workflowFile(`<Task id="t" output={outputs.result} agent={agent}>${prompt}</Task>`, {
    schemas,
    head: `${head}\n${repeats}`,
  });

const serving = sharedServer();

/** The text before the JSON Schema that is added to every prompt. */
async function promptOf(prompt: string, files: Record<string, string> = {}, head = ""): Promise<string> {
  const { server } = serving({ "flow.tsx": asking(prompt, head), ...files });
  const { output } = await server.complete("flow.tsx");
  return (output as { prompt: string }).prompt.split("\n\nAnswer with one JSON value")[0]!;
}

const imported = 'import P from "./p.mdx";';

test("an MDX file is a prompt, with its props and what it imports, and an edit takes effect at the next start", async () => {
  const root = folder({
    "flow.tsx": asking('<P name="Ann" />', imported),
    "p.mdx":
      'import { greeting } from "./greeting.ts";\nimport Rules from "./rules.mdx";\n\n# {greeting} {props.name}\n\n<Rules />\n',
    "greeting.ts": 'export const greeting = "Hello";',
    "rules.mdx": "- Be *kind*.\n- Be brief.\n",
  });
  const server = await serveWithWorkers(root);
  const prompt = async () => ((await server.complete("flow.tsx")).output as { prompt: string }).prompt;
  expect(await prompt()).toStartWith("# Hello Ann\n\n- Be *kind*.\n- Be brief.\n\nAnswer");
  writeFileSync(join(root, "rules.mdx"), "Be honest.\n");
  expect(await prompt()).toStartWith("# Hello Ann\n\nBe honest.\n\nAnswer");
});

test("an MDX file may export its own component", async () => {
  const files = { "p.mdx": "export default function Prompt(props) { return <>Hello <b>{props.name}</b></>; }\n" };
  expect(await promptOf('<P name="Ann" />', files, imported)).toBe("Hello **Ann**");
});

test("links, images, XML tags, languages and tables of MDX are kept", async () => {
  const links = "See [the guide](https://e.org/guide) and ![the plan](https://e.org/plan.png).";
  const codeAndTable = '```ts\nconst a = "`";\n```\n\n| name | size |\n| ---- | ---- |\n| a    | 1    |';
  const steps = "1. first\n2. second";
  const written = '<context kind="known">\n  - one\n\n  - two\n</context>';
  const files = { "p.mdx": [links, written, codeAndTable, steps].join("\n\n") };
  const tight = '<context kind="known">\n- one\n- two\n</context>';
  expect(await promptOf("<P />", files, imported)).toBe([links, tight, codeAndTable, steps].join("\n\n"));
});

test("elements keep links, images, XML tags with attributes, languages and tables", async () => {
  const prompt = `
    <p>Read <a href="https://e.org/guide">the guide</a> and <a href="https://e.org">https://e.org</a>.</p>
    <img src="https://e.org/plan.png" alt="the plan" />
    <context>known</context>
    <file path="a.ts" lines={3} isNew>code</file>
    <p>The <name>Ann</name> in a sentence, and <empty /> too.</p>
    <pre><code className="language-ts">{"const a = 1;\\n\`\`\`\\n"}</code></pre>
    <table><thead><tr><th>name</th><th>size</th></tr></thead><tbody><tr><td>a | b</td><td>1</td></tr></tbody></table>
    <p><del>old</del> new</p>
    <ol start={3}><li>three</li><li>four</li></ol>`;
  expect(await promptOf(prompt)).toBe(`Read [the guide](https://e.org/guide) and https://e.org.

![the plan](https://e.org/plan.png)
<context>known</context>
<file path="a.ts" lines="3" isNew>code</file>

The <name>Ann</name> in a sentence, and <empty /> too.

\`\`\`\`ts
const a = 1;
\`\`\`
\`\`\`\`

| name | size |
| --- | --- |
| a \\| b | 1 |

~~old~~ new

3. three
4. four`);
});

const example = '{\n  "prompt": "string",\n  "more": 1\n}';

test("a prompt's component gets an example of the output as `schema`, and `components`", async () => {
  const own = "const Own = (props) => <>{props.schema}{typeof props.components.h1}</>;";
  expect(await promptOf("<P />", { "p.mdx": "As:\n\n{props.schema}\n" }, imported)).toBe(`As:\n\n${example}`);
  expect(await promptOf("<Own />", {}, own)).toBe(`${example}string`);
  expect(await promptOf('<Own schema="mine" />', {}, own)).toBe("minestring");
  expect(await promptOf("{() => <Own />}", {}, own)).toBe(`${example}string`);
});

test("a mistake in an MDX file is reported with its place", async () => {
  const server = await serve(folder({ "flow.tsx": asking("<P />", imported), "p.mdx": "# Title\n\nsome {text\n" }));
  const { status, body } = await server.post("/v1/runs", { workflowPath: "flow.tsx" });
  expect(status).toBe(400);
  expect(body.error).toMatchObject({ code: "WORKFLOW_INVALID", details: { file: "p.mdx", line: 3 } });
});

test("an error of an MDX file names its own line, when it loads and when it renders", async () => {
  const files = {
    "gone.mdx": '# Title\n\nimport Gone from "./gone.ts"\n\n<Gone />\n',
    "throws.mdx": "# Title\n\nSome *text*\nof two lines.\n\n- {props.no.such.field}\n",
  };
  const flows = Object.fromEntries(
    Object.keys(files).map((name) => [`${name}.tsx`, asking("<P />", imported.replace("p.mdx", name))]),
  );
  const server = await serve(folder({ ...files, ...flows }));
  const { body } = await server.post("/v1/runs", { workflowPath: "gone.mdx.tsx" });
  expect(body.error.details).toMatchObject({ file: "gone.mdx", line: 3 });
  const { error } = await server.complete("throws.mdx.tsx");
  expect(error).toMatchObject({
    code: "RENDER_FAILED",
    details: { at: { file: "throws.mdx", line: 6 } },
  });
});

test("a file of an unknown kind is imported as its path", async () => {
  const { root, server } = serving({ "flow.tsx": asking("{plan}", 'import plan from "./plan.png";'), "plan.png": "" });
  expect(((await server.complete("flow.tsx")).output as { prompt: string }).prompt).toStartWith(join(root, "plan.png"));
});

test("an import of a package that is not installed fails when its line runs", async () => {
  const head = 'const text = () => import("no-such-package").then(() => "there", () => "not there");';
  expect(await promptOf("{async () => await text()}", {}, head)).toBe("not there");
});

test("the command and programs work in a folder whose preload file calls mdxPlugin", async () => {
  const project = new Project();
  const write = (name: string, text: string) => writeFileSync(join(project.root, name), text);
  write("bunfig.toml", 'preload = ["./preload.ts"]\n');
  write("preload.ts", 'import { mdxPlugin } from "smithers-orchestrator/mdx-plugin";\nmdxPlugin();\n');
  write("p.mdx", "Hello {props.name}\n");
  write("flow.tsx", asking('<P name="Ann" />', imported));
  write(
    "program.ts",
    'import { mdxPlugin, runWorkflow } from "smithers-orchestrator";\nimport flow from "./flow.tsx";\nmdxPlugin();\nconsole.log((await runWorkflow(flow, { input: {} })).output.prompt);\n',
  );
  expect((await project.run("smithers up flow.tsx")).printed).toContain("Hello Ann");
  expect((await project.run("smithers ps")).code).toBe(0);
  expect(await project.run("bun program.ts")).toMatchObject({ code: 0, printed: expect.stringContaining("Hello Ann") });
});

import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { usageError } from "../errors.ts";

/** What was made: the folder, absolute, and the files in it. */
export interface MadeProject {
  readonly folder: string;
  readonly files: readonly string[];
}

/**
 * Makes a project with one workflow.
 * @throws INVALID_USAGE when one of its files is there already, or the folder is a file
 */
export function initProject(given: string): MadeProject {
  const folder = resolve(given);
  if (existsSync(folder) && !statSync(folder).isDirectory()) throw usageError(`${given} is a file, and no folder.`);
  const files = filesOf(basename(folder));
  const there = Object.keys(files).filter((name) => existsSync(join(folder, name)));
  if (there.length > 0) {
    throw usageError(`${there.join(", ")} would be overwritten. Choose an empty folder: smithers init <folder>.`);
  }
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { flag: "wx" });
  return { folder, files: Object.keys(files) };
}

function filesOf(name: string): Record<string, string> {
  const own = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8"));
  const { dependencies, devDependencies, version } = own;
  const project = {
    name:
      name
        .toLowerCase()
        .replace(/[^a-z0-9._-]+/g, "-")
        .replace(/^[._-]+|-+$/g, "") || "workflows",
    private: true,
    type: "module",
    scripts: {
      start: `smithers up hello.tsx --input '{"name": "World"}'`,
      server: "smithers server",
      check: "tsc",
    },
    dependencies: { "smithers-orchestrator": `^${version}`, zod: dependencies.zod },
    devDependencies: {
      "@types/bun": devDependencies["@types/bun"],
      bun: devDependencies.bun,
      typescript: devDependencies.typescript,
    },
    // npm asks before a package may run its own script; Bun's fetches Bun.
    allowScripts: { bun: true },
  };
  const tsconfig = {
    compilerOptions: {
      target: "ES2023",
      module: "Preserve",
      moduleResolution: "Bundler",
      jsx: "react-jsx",
      jsxImportSource: "smithers-orchestrator",
      types: ["bun"],
      strict: true,
      skipLibCheck: true,
      noEmit: true,
    },
    exclude: ["node_modules", "**/.*.smithers-*"],
  };
  return {
    "package.json": `${JSON.stringify(project, null, 2)}\n`,
    "tsconfig.json": `${JSON.stringify(tsconfig, null, 2)}\n`,
    ".gitignore":
      "node_modules/\n# What Smithers writes: compiled copies of workflows, runs, logs of runs in the background\n.*.smithers-*\nsmithers.db*\n.smithers/\n",
    "hello.tsx": hello,
  };
}

const hello = `/** @jsxImportSource smithers-orchestrator */
import { approvalDecisionSchema, bash, createSmithers } from "smithers-orchestrator";
import { z } from "zod";

const { smithers, outputs, Workflow, Task, Approval } = createSmithers({
  input: z.object({ name: z.string().default("World") }),
  greeting: z.object({ text: z.string() }),
  decision: approvalDecisionSchema,
  sent: z.object({ at: z.string() }),
});

export default smithers((ctx) => (
  <Workflow name="hello">
    <Task id="greet" output={outputs.greeting}>
      {async () => ({ text: await bash\`echo Hello, \${ctx.input.name}!\` })}
    </Task>
    <Approval id="check" output={outputs.decision} request={{ title: "Send the greeting?" }} />
    <Task id="send" output={outputs.sent} deps={{ greeting: outputs.greeting }} needs={{ greeting: "greet" }}>
      {({ greeting }) => {
        console.log(greeting.text);
        return { at: new Date().toISOString() };
      }}
    </Task>
  </Workflow>
));
`;

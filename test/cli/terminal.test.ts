import { expect } from "bun:test";
import { smithers } from "../support/cli.ts";
import { cliWorkflows } from "../support/cli-workflows.ts";
import { withoutTimes } from "../support/clock.ts";
import { folder, write } from "../support/folder.ts";
import { needs } from "../support/programs.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";
import { Terminal } from "../support/terminal.ts";

const test = needs("tmux");

async function withRuns(...names: string[]) {
  const root = folder(cliWorkflows);
  const server = await serve(root);
  for (const name of names) {
    await server.start(`./${name}.tsx`, {}, { runId: name });
    await server.until(name, ({ type }) => type === "RunStatusChanged" || type === "RunFinished");
  }
  return { root, server };
}

test("runs are listed in as many columns as the terminal has room for", async () => {
  const { root } = await withRuns("done", "release");
  const [wide, narrow, narrowest] = await Promise.all(
    [80, 40, 20].map(async (columns) => {
      const terminal = new Terminal(root, { columns });
      terminal.run("ps");
      return withoutTimes(await terminal.until(/^code 0\n\$/m));
    }),
  );
  expect(wide).toMatch(/^RUN {6}WORKFLOW {2}STATE {13}STARTED {2}TOOK {2}ABOUT$/m);
  expect(wide).toEndWith(`
release  test      waiting-approval  …  …  ship
done     test      succeeded  …  …
code 0
$`);
  expect(narrow).toBe(`RUN      STATE             STARTED
release  waiting-approval  …
done     succeeded  …
code 0
$`);
  expect(narrowest).toBe(`RUN release
WORKFLOW test
STATE waiting-approv
al
STARTED …
TOOK …
ABOUT ship

RUN done
WORKFLOW test
STATE succeeded
STARTED …
TOOK …
code 0
$`);
});

test("approve asks which of several decisions is meant, and for the choice", async () => {
  const { root, server } = await withRuns("choices");
  const terminal = new Terminal(root);
  terminal.run("approve", "choices");
  await terminal.until(/Which one\?/);
  terminal.press("Down");
  terminal.press("Enter");
  await terminal.until(/Which size\?/);
  terminal.press("Down");
  terminal.press("Enter");
  expect(await terminal.until(/^code 0\n\$/m)).toBe(`│
◇  The run is waiting for several decisions. Which one?
│  size
│
◇  Which size?
│  Large
"size" is approved.
code 0
$`);
  terminal.run("approve", "choices");
  await terminal.until(/Which comes first\?/);
  terminal.press("Down");
  terminal.press("Enter");
  await terminal.until(/"order" is approved\.\ncode 0/);
  expect(await server.end("choices")).toMatchObject({ status: "finished", output: { ranked: ["milk", "tea"] } });
});

test("an answer to a question that was edited while it was on the screen is refused", async () => {
  const { root, server } = await withRuns("choices");
  const terminal = new Terminal(root);
  terminal.run("approve", "choices", "size");
  await terminal.until(/Which size\?/);
  const edited = cliWorkflows["choices.tsx"].replace("Which size?", "Which size of PRODUCTION?");
  write(root, { "choices.tsx": edited });
  await server.runs.resume("choices");
  let asked = 0;
  await server.until("choices", ({ type }) => type === "ApprovalRequested" && ++asked === 3);
  terminal.press("Enter");
  await terminal.until(/The question of "size" has changed since[\s\S]*^code 1$/m);
});

test("leaving the prompt decides nothing", async () => {
  const { root, server } = await withRuns("choices");
  const terminal = new Terminal(root);
  terminal.run("approve", "choices");
  await terminal.until(/Which one\?/);
  terminal.press("C-c");
  await terminal.until(/^code 130$/m);
  expect(await server.approvals.list()).toHaveLength(2);
});

test("colours appear only on terminals, and not with NO_COLOR", async () => {
  const { root } = await withRuns("done");
  const coloured = async (env: Record<string, string>) => {
    const terminal = new Terminal(root, { env });
    terminal.run("ps");
    await terminal.until(/^code 0\n\$/m);
    return terminal.coloured().includes("\u001b[");
  };
  expect(await coloured({})).toBe(true);
  expect(await coloured({ NO_COLOR: "1" })).toBe(false);
  expect((await smithers(root, "ps")).out).not.toContain("\u001b");
});

test("ps --watch shows changes until Ctrl+C", async () => {
  const { root } = await withRuns("release");
  const terminal = new Terminal(root);
  terminal.run("ps", "--watch");
  await terminal.until(/release +test +waiting-approval/);
  await smithers(root, "approve", "release");
  await terminal.until(/release +test +succeeded/);
  terminal.press("C-c");
  await terminal.until(/\^C\s+\$$/);
  terminal.type("echo code $?");
  await terminal.until(/^code 130$/m);
});

import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { shellWords } from "../../src/cli/terminal/format.ts";
import { smithers, smithersWords } from "../support/cli.ts";
import { cliWorkflows } from "../support/cli-workflows.ts";
import { folder } from "../support/folder.ts";
import { needs } from "../support/programs.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";
import { Terminal } from "../support/terminal.ts";

needs("tmux")("the tab key in bash completes commands, options, choices, runs, nodes and files", async () => {
  const root = folder(cliWorkflows);
  const server = await serve(root);
  await server.start("./release.tsx", {}, { runId: "release-7" });
  await server.until("release-7", ({ type }) => type === "RunStatusChanged");
  await server.start("./paid.tsx", {}, { runId: "order:7" });
  await server.until("order:7", ({ type }) => type === "RunStatusChanged");
  const rc = `PS1='$ '
smithers() { ${shellWords(smithersWords)} "$@"; }
source <(smithers completions bash)
clear
`;
  writeFileSync(join(root, ".rc"), rc);
  const terminal = new Terminal(root, { columns: 100 });
  terminal.type("exec bash --noprofile --rcfile .rc");
  await terminal.until(/^\$$/);
  const completed = async (typed: string, becomes: string) => {
    terminal.press("C-u");
    terminal.typePart(`${typed}\t`);
    await terminal.until(new RegExp(`^\\$ ${becomes}$`, "m"));
  };
  await completed("smithers insp", "smithers inspect");
  await completed("smithers up rel", "smithers up release.tsx");
  await completed("smithers ps --wor", "smithers ps --workflow");
  await completed("smithers ps --status fin", "smithers ps --status finished");
  await completed("smithers why rel", "smithers why release-7");
  await completed("smithers why order:", "smithers why order:7");
  await completed("smithers approve release-7 sh", "smithers approve release-7 ship");
  await completed("smithers completions z", "smithers completions zsh");
});

test("the name of the awaited signal is completed, and nothing is offered without a database", async () => {
  const root = folder(cliWorkflows);
  const server = await serve(root);
  await server.start("./paid.tsx", {}, { runId: "order" });
  await server.until("order", ({ type }) => type === "RunStatusChanged");
  expect((await smithers(root, "__complete", "--", "signal", "order", "")).out).toBe(
    "payment\tthe signal that the run is waiting for\n",
  );
  expect((await smithers(root, "__complete", "--", "signal", "order", "x")).out).toBe("");
  expect(await smithers(folder(), "__complete", "--", "why", "")).toMatchObject({ code: 0, out: "", err: "" });
});

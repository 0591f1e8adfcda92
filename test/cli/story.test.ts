import { expect } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { smithersJson } from "../support/cli.ts";
import { withoutTimes } from "../support/clock.ts";
import { eventually } from "../support/eventually.ts";
import { folder } from "../support/folder.ts";
import { needs } from "../support/programs.ts";
import { Terminal } from "../support/terminal.ts";
import { workflowFile } from "../support/workflows.ts";

const test = needs("tmux");

const nightly = workflowFile(
  `<Task id="fetch" output={outputs.result}>{() => { appendFileSync("did", "fetch "); return { value: 3 }; }}</Task>
  <Task id="crunch" output={outputs.result}>{async () => {
    appendFileSync("did", "crunch ");
    writeFileSync("pid", String(process.pid));
    await fileAt("power");
    return { value: 4 };
  }}</Task>
  <Task id="report" output={outputs.result}>{() => ({ value: "sent" })}</Task>`,
);

test("after a crash, ps and why lead a person to resume, and finished tasks are not executed again", async () => {
  const root = folder({ "nightly.tsx": nightly });
  const terminal = new Terminal(root, { columns: 90 });
  const shown = async (...args: string[]) => {
    // What the command before has left must not be taken for its own.
    terminal.type("clear");
    await terminal.until(/^\$$/);
    terminal.run(...args);
    return withoutTimes(await terminal.until(/^code \d+\n\$/m));
  };

  terminal.run("up", "nightly.tsx", "--run-id", "nightly");
  await terminal.until(/crunch +in-progress/);
  const pid = await eventually(() => readFileSync(join(root, "pid"), "utf8"));
  process.kill(Number(pid), "SIGKILL");
  await terminal.until(/^code 137\n\$/m);

  expect(await shown("ps", "--status", "running")).toMatch(
    /^RUN +WORKFLOW +STATE +STARTED +TOOK +ABOUT\nnightly +test +stale +… +… +Its process is gone\ncode 0\n\$$/,
  );
  expect(await shown("why", "nightly")).toBe(`The run nightly is stale.

Its process is gone. A server that uses this database continues the run by itself.
  $ smithers resume nightly
code 0
$`);

  writeFileSync(join(root, "power"), "");
  const resumed = await shown("resume", "nightly");
  expect(resumed).toContain(`{
  "value": "sent"
}
The run nightly has finished`);
  expect(readFileSync(join(root, "did"), "utf8")).toBe("fetch crunch crunch ");
  expect(await smithersJson(root, "inspect", "nightly")).toMatchObject({
    status: "finished",
    nodes: [
      { nodeId: "fetch", attempt: 1, output: { value: 3 } },
      { nodeId: "crunch", attempt: 2, output: { value: 4 } },
      { nodeId: "report", attempt: 1, output: { value: "sent" } },
    ],
  });
  expect(await shown("why", "nightly")).toBe("The run nightly has finished.\ncode 0\n$");
});

import { expect } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { withoutTimes } from "../support/clock.ts";
import { folder } from "../support/folder.ts";
import { needs } from "../support/programs.ts";
import { Terminal } from "../support/terminal.ts";
import { workflowFile } from "../support/workflows.ts";

const test = needs("tmux");

/** Fails once, waits for a file called go, goes round a loop twice, and asks for a decision. */
const release = workflowFile(
  `<Task id="build" output={outputs.result} retryPolicy={{ backoff: "fixed", initialDelayMs: 1 }}>
     {() => { if (!existsSync("tried")) { writeFileSync("tried", ""); throw new Error("the disk is full"); } return { value: 1 }; }}
   </Task>
   <Task id="wait" label="for a file" output={outputs.result}>{async ({ signal }) => {
     await fileAt("go", signal);
     return { value: 2 };
   }}</Task>
   <Loop id="fix" until={ctx.iterationCount(outputs.result, "try") >= 2}>
     <Task id="try" output={outputs.result}>{{ value: 3 }}</Task>
   </Loop>
   <Approval id="ship" output={outputs.decision} request={{ title: "Ship it?" }} />`,
  { schemas: "decision: approvalDecisionSchema, result: z.object({ value: z.any() })" },
);

test("up draws a live tree of the nodes in colours, and ends with what the run is waiting for", async () => {
  const root = folder({ "release.tsx": release });
  const terminal = new Terminal(root, { columns: 70, rows: 20 });
  terminal.run("up", "release.tsx", "--run-id", "r1");
  expect(withoutTimes(await terminal.until(/wait .* in-progress/))).toBe(`Running release.tsx as r1
✔ build  finished  …  1 failed attempt
● wait (for a file)  in-progress  …
↻ fix  1 iteration
  ○ try  pending
○ ship  pending`);
  writeFileSync(join(root, "go"), "");
  expect(withoutTimes(await terminal.until(/code \d/))).toBe(`Running release.tsx as r1
✔ build  finished  …  1 failed attempt
✔ wait (for a file)  finished  …
↻ fix  2 iterations
  ✔ try  finished
  ✔ try#1  finished
? ship  waiting-approval  …
The run r1 is waiting.
"ship" is waiting for a decision: "Ship it?".
  $ smithers approve r1 ship
  $ smithers deny r1 ship
Then continue the run:
  $ smithers resume r1
code 3
$`);
  expect(terminal.coloured()).toContain("\u001b[32m");
});

test("console output of the workflow's code appears above the tree, whose colours NO_COLOR turns off", async () => {
  const talking = workflowFile(
    `<Task id="first" output={outputs.result}>{async ({ signal }) => {
       for (const line of ["one", "two"]) {
         console.log("says %s", line);
         console.error({ line });
         await new Promise((resolve) => setTimeout(resolve, 150));
       }
       await fileAt("go", signal);
       return { value: 1 };
     }}</Task>
     <Task id="second" output={outputs.result}>{{ value: 2 }}</Task>`,
  );
  const root = folder({ "talking.tsx": talking });
  const terminal = new Terminal(root, { env: { NO_COLOR: "1" } });
  terminal.run("up", "talking.tsx");
  const shown =
    /says one\n\{ line: 'one' \}\nsays two\n\{ line: 'two' \}\n● first {2}in-progress {2}\S+\n○ second {2}pending$/;
  expect(await terminal.until(shown)).toMatch(shown);
  writeFileSync(join(root, "go"), "");
  await terminal.until(/code 0/);
  expect(terminal.coloured()).not.toContain("\u001b[3");
});

test("Ctrl+C stops the run and leaves the tree on the screen", async () => {
  const root = folder({ "release.tsx": release });
  const terminal = new Terminal(root);
  terminal.run("up", "release.tsx", "--run-id", "r1");
  await terminal.until(/wait .* in-progress/);
  terminal.press("C-c");
  await terminal.until(/Stopping: running attempts get up to 5 s to end/);
  writeFileSync(join(root, "go"), "");
  expect(withoutTimes(await terminal.until(/code \d/))).toEndWith(`✔ build  finished  …  1 failed attempt
✔ wait (for a file)  finished  …
↻ fix  1 iteration
  ○ try  pending
○ ship  pending
The run r1 was stopped; finished work is kept.
Continue the run:
  $ smithers resume r1
code 130
$`);
});

test("in a terminal of 20 columns and 5 lines, lines are shortened and the most important ones kept", async () => {
  const root = folder({ "release.tsx": release });
  const terminal = new Terminal(root, { columns: 20, rows: 5 });
  terminal.run("up", "release.tsx", "--run-id", "r1");
  expect(withoutTimes(await terminal.until(/● wait/))).toBe(`● wait (for a file…
↻ fix  1 iteration
○ ship  pending
… 2 more nodes`);
});

test("a terminal that becomes narrower shows the tree only once", async () => {
  const root = folder({ "release.tsx": release });
  const terminal = new Terminal(root, { columns: 70, rows: 12 });
  terminal.run("up", "release.tsx", "--run-id", "r1");
  await terminal.until(/wait .* in-progress/);
  terminal.resize(24, 12);
  const screen = await terminal.until(/^● wait \(for a file\) {2}i…$/m);
  expect(screen.match(/fix/g)).toHaveLength(1);
  terminal.press("C-c");
  terminal.press("C-c");
  await terminal.until(/code 130/);
});

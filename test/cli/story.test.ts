import { expect, test } from "bun:test";
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { smithers, smithersJson, smithersWords, startSmithers } from "../support/cli.ts";
import { folder } from "../support/folder.ts";
import { workflowFile } from "../support/workflows.ts";

const nightly = workflowFile(
  `<Task id="fetch" output={outputs.result}>{() => { appendFileSync("did", "fetch "); return { value: 3 }; }}</Task>
  <Task id="crunch" output={outputs.result}>{async () => {
    appendFileSync("did", "crunch ");
    console.log("crunching");
    while (!existsSync("power")) await new Promise((resolve) => setTimeout(resolve, 20));
    return { value: 4 };
  }}</Task>
  <Task id="report" output={outputs.result}>{() => ({ value: "done" })}</Task>`,
);

test("after a crash in the middle of a run, ps, why and resume lead a person on, and nothing that was done is done again", async () => {
  const root = folder({ "nightly.tsx": nightly });
  const up = startSmithers(["up", "nightly.tsx", "--run-id", "nightly"], { cwd: root });
  await up.says(/crunching/);
  up.child.kill("SIGKILL");
  expect(await up.ended).toMatchObject({ code: null, signal: "SIGKILL" });

  const ps = await smithers(root, "ps");
  expect(ps).toMatchObject({ code: 0, out: expect.stringMatching(/nightly +test +stale +.*Its process is gone/) });

  const why = await smithersJson(root, "why", "nightly");
  expect(why).toMatchObject({ state: "stale", reasons: [{ kind: "stale", commands: ["smithers resume nightly"] }] });

  // The cause is gone; what why has said is typed as it stands.
  writeFileSync(join(root, "power"), "");
  const typed = `smithers() { ${smithersWords.join(" ")} "$@"; }; ${why.reasons[0].commands[0]}`;
  const { stdout, stderr } = await promisify(execFile)("bash", ["-c", typed], { cwd: root });
  expect(JSON.parse(stdout.replace("crunching", ""))).toEqual({ value: "done" });
  expect(stderr).toContain("The run nightly has finished");
  expect(stderr).not.toContain("fetch started");
  expect(readFileSync(join(root, "did"), "utf8")).toBe("fetch crunch crunch ");

  const { nodes } = await smithersJson(root, "inspect", "nightly");
  expect(nodes).toMatchObject([
    { nodeId: "fetch", attempt: 1, output: { value: 3 } },
    { nodeId: "crunch", attempt: 2, output: { value: 4 } },
    { nodeId: "report", attempt: 1, output: { value: "done" } },
  ]);
  expect(await smithersJson(root, "why", "nightly")).toMatchObject({ state: "succeeded", reasons: [] });
});

import { expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { shellWords } from "../../src/cli/terminal/format.ts";
import { plainEnv, smithersWords } from "../support/cli.ts";
import { folder } from "../support/folder.ts";
import { hostedCommands } from "../support/hosted-commands.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";
import { workflowFile } from "../support/workflows.ts";

const { smithers } = hostedCommands();

/** What turns the direction of a text, or makes a terminal act. Colours are made by the command itself too. */
const hostile =
  "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u0007\u0008\u007f\u009b2J\u001b]0;title\u0007\u001b[2J\u001b[8m\u001b[30;40m";
const directions = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

/** The characters of a text that a terminal would act upon. */
const acting = (text: string): string[] =>
  [...text.replaceAll(/\r?\n|\t/g, "")].filter(
    (one) => (/\p{Cc}/u.test(one) && one !== "\u001b") || directions.test(one),
  );

/** The styles in a text with which it hides. */
const hiding = (text: string): string[] =>
  text.split("\u001b").filter((part) => /^\[[\d;]*(?:[5-8]|[34]0)m/.test(part));

const quoted = JSON.stringify(hostile).replace(
  /[\u007f-\uffff]/g,
  (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`,
);
const workflow = workflowFile(
  `<Parallel>
    <Task id="a" label={"label" + B} output={outputs.result}>{() => { console.log("said" + B); return { value: { ["key" + B]: "value" + B } }; }}</Task>
    <Task id="b" output={outputs.result} noRetry continueOnFail>{() => { throw new Error("wrong" + B); }}</Task>
    <Approval id="c" output={outputs.decision} request={{ title: "title" + B, summary: "summary" + B }} />
    <Signal id="d" label={"waits" + B} schema={outputs.result} />
  </Parallel>`,
  { head: `const B = ${quoted};`, schemas: "result: z.object({ value: z.any() }), decision: approvalDecisionSchema" },
).replace('name="test"', 'name={"flow" + B}');

const commands = [
  ["ps"],
  ["inspect", "hostile"],
  ["logs", "hostile"],
  ["events", "hostile"],
  ["frames", "hostile"],
  ["node", "hostile", "a"],
  ["node", "hostile", "b"],
  ["node", "hostile", "c"],
  ["why", "hostile"],
  ["graph", "hostile.tsx"],
  ["retry", "hostile", `b${hostile}`],
  ["signal", "hostile", `d${hostile}`],
  ["approve", "hostile", "nothing"],
  ["ps", "--status", hostile],
  ["gc", "--older-than", hostile],
  ["trust", `missing${hostile}.db`],
  ["help", hostile],
  [`--odd${hostile}`],
  [`odd${hostile}`],
];

test("no command prints a text that a terminal would act upon, and JSON keeps its meaning", async () => {
  const root = folder({ "hostile.tsx": workflow });
  const server = await serve(root);
  await server.start("./hostile.tsx", {}, { runId: "hostile" });
  await server.until("hostile", ({ type }) => type === "RunStatusChanged");
  let texts = 0;
  for (const words of commands) {
    const { out, err } = await smithers(root, ...words);
    expect([words, acting(out + err), hiding(out + err)]).toEqual([words, [], []]);
    if (/said|wrong|title|waits|flow|label/.test(out)) texts += 1;
  }
  // It says something, then.
  expect(texts).toBeGreaterThan(7);
  for (const words of [
    ["ps"],
    ["inspect", "hostile"],
    ["node", "hostile", "a"],
    ["logs", "hostile"],
    ["events", "hostile"],
  ]) {
    const { out } = await smithers(root, ...words, "--json");
    expect([words, acting(out)]).toEqual([words, []]);
    expect(out).toContain("\\u202e");
  }
  const { out } = await smithers(root, "node", "hostile", "a", "--json");
  expect(JSON.parse(out).output).toEqual({ value: { [`key${hostile}`]: `value${hostile}` } });
});

test("what tasks print and a live tree show on a terminal have no such text either", () => {
  const root = folder({ "hostile.tsx": workflow });
  const words = ["env", ...Object.keys(plainEnv).flatMap((name) => ["-u", name]), "TERM=xterm", ...smithersWords];
  const up = shellWords([...words, "up", "hostile.tsx", "--run-id", "hostile"]);
  // The typescript has the bytes that reach the terminal.
  execFileSync("script", ["-qec", `stty cols 200; ${up}; true`, join(root, "typescript")], {
    cwd: root,
    stdio: "ignore",
  });
  const shown = readFileSync(join(root, "typescript"), "utf8");
  expect(shown).toContain("said");
  expect(acting(shown.replaceAll("\r", ""))).toEqual([]);
  for (const sequence of ["\u001b[2J", "\u001b]"]) expect(shown).not.toContain(sequence);
});

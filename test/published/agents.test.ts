import { expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterThisTest } from "../support/cleanup.ts";
import { eventually } from "../support/eventually.ts";
import { ServerProcess } from "../support/process.ts";
import { sharedServer } from "../support/shared-server.ts";
import { workflowFile } from "../support/workflows.ts";

const served = sharedServer();

/**
 * A folder with a workflow of one agent, and a program of this name on the PATH that prints these lines. Each call is
 * noted in calls.txt: its arguments, then what it read.
 */
function project(program: string, agent: string, script: string, props = "") {
  const name = agent.slice(0, agent.indexOf("("));
  const source = workflowFile(
    `<Task id="ask" output={outputs.result} agent={agent} retryPolicy={{ initialDelayMs: 1 }} ${props}>Please.</Task>`,
    { head: `import { ${name} } from "smithers-orchestrator";\nconst agent = new ${agent};` },
  );
  const { root, server } = served({ "ask.tsx": source });
  const bin = join(root, "bin");
  mkdirSync(bin);
  if (program !== "") {
    const head = `#!/bin/bash\ncd ${JSON.stringify(root)}\nprintf '%s\\n' "ARGS $*" >> calls.txt\ncat >> calls.txt\necho >> calls.txt\ncount=$(grep -c '^ARGS' calls.txt)\n`;
    writeFileSync(join(bin, program), head + script);
    chmodSync(join(bin, program), 0o755);
  }
  return { root, server, env: { PATH: program === "" ? "/usr/bin:/bin" : `${bin}:${process.env.PATH}` } };
}

/** The server of this process, which finds programs where a project has them until the test is over. */
function serving({ server, env }: ReturnType<typeof project>) {
  const before = process.env.PATH;
  process.env.PATH = env.PATH;
  afterThisTest(() => {
    process.env.PATH = before;
  });
  return server;
}

const lines = (...values: unknown[]) =>
  `cat <<'END'\n${values.map((value) => JSON.stringify(value)).join("\n")}\nEND\n`;
const answer = '{"value":"done"}';

const claude = lines(
  { type: "system", subtype: "init", session_id: "s-1", model: "claude-sonnet-4-5", tools: ["Bash"], cwd: "/" },
  {
    type: "assistant",
    session_id: "s-1",
    message: {
      model: "claude-sonnet-4-5",
      content: [
        { type: "text", text: "I look first." },
        { type: "tool_use", id: "t-1", name: "Bash", input: { command: "ls" } },
      ],
    },
  },
  {
    type: "user",
    session_id: "s-1",
    message: { content: [{ type: "tool_result", tool_use_id: "t-1", content: "a" }] },
  },
  { type: "assistant", session_id: "s-1", message: { content: [{ type: "text", text: answer }] } },
  {
    type: "result",
    subtype: "success",
    is_error: false,
    session_id: "s-1",
    result: answer,
    usage: { input_tokens: 100, cache_read_input_tokens: 20, output_tokens: 7 },
  },
);
const codex = lines(
  { type: "thread.started", thread_id: "s-1" },
  { type: "turn.started" },
  { type: "item.started", item: { id: "i-1", type: "command_execution", command: "ls", status: "in_progress" } },
  { type: "item.completed", item: { id: "i-1", type: "command_execution", exit_code: 0, status: "completed" } },
  { type: "item.completed", item: { id: "i-2", type: "agent_message", text: answer } },
  { type: "turn.completed", usage: { input_tokens: 120, cached_input_tokens: 20, output_tokens: 7 } },
);
const gemini = lines(
  { type: "init", timestamp: "2026-03-15T10:00:00.000Z", session_id: "s-1", model: "gemini-2.5-pro" },
  { type: "message", role: "user", content: "Please." },
  { type: "tool_use", tool_name: "run_shell_command", tool_id: "t-1", parameters: {} },
  { type: "tool_result", tool_id: "t-1", status: "success", output: "a" },
  { type: "message", role: "assistant", content: '{"value":', delta: true },
  { type: "message", role: "assistant", content: '"done"}', delta: true },
  { type: "result", status: "success", stats: { input_tokens: 120, output_tokens: 7, total_tokens: 127 } },
);
const pi = lines(
  { type: "session", version: 3, id: "s-1", timestamp: "2026-03-15T10:00:00.000Z", cwd: "/" },
  { type: "agent_start" },
  { type: "tool_execution_start", toolCallId: "t-1", toolName: "bash", args: {} },
  { type: "tool_execution_end", toolCallId: "t-1", toolName: "bash", result: {}, isError: false },
  { type: "message_update", message: {}, assistantMessageEvent: { type: "text_delta", delta: answer } },
  {
    type: "message_end",
    message: {
      role: "assistant",
      model: "gpt-5",
      content: [{ type: "text", text: answer }],
      usage: { input: 120, output: 7 },
      stopReason: "stop",
    },
  },
);
const kimi = `${lines(
  {
    role: "assistant",
    content: "I look.",
    tool_calls: [{ type: "function", id: "t-1", function: { name: "Shell", arguments: "{}" } }],
  },
  { role: "tool", tool_call_id: "t-1", content: "a" },
  { role: "assistant", content: answer },
)}echo "To resume this session: kimi -r s-1" >&2\n`;

const programs: [string, string, string, string, string][] = [
  [
    "claude",
    "ClaudeCodeAgent({})",
    claude,
    "-p --output-format stream-json --verbose --permission-mode bypassPermissions",
    "Bash",
  ],
  [
    "codex",
    "CodexAgent({ model: 'gpt-5' })",
    codex,
    "exec --json --dangerously-bypass-approvals-and-sandbox --model gpt-5",
    "command_execution",
  ],
  ["gemini", "GeminiAgent({})", gemini, "--output-format stream-json --approval-mode yolo", "run_shell_command"],
  ["pi", "PiAgent({ provider: 'openai' })", pi, "--mode json --provider openai", "bash"],
  ["kimi", "KimiAgent({ thinking: true })", kimi, "--print --output-format stream-json --thinking", "Shell"],
];

test.each(programs)(
  "%s answers a task: its text, its tool calls, its tokens and its conversation are events",
  async (program, agent, script, args, tool) => {
    const given = project(program, agent, script);
    const { root, env } = given;
    const server = program === "claude" ? await ServerProcess.start(root, env) : serving(given);
    const runId = await server.start("ask.tsx");
    const events = [];
    for await (const { event } of server.events(runId)) events.push(event);
    const run = await server.run(runId);
    expect(run).toMatchObject({ status: "finished", output: { value: "done" } });
    const calls = readFileSync(join(root, "calls.txt"), "utf8");
    expect(calls).toStartWith(`ARGS ${args}`);
    expect(calls).toContain("Please.");
    expect(
      events
        .filter((event) => event.type === "NodeOutput")
        .map(({ text }) => text)
        .join(""),
    ).toContain("done");
    expect(events.find((event) => event.type === "ToolCallStarted")).toMatchObject({ toolName: tool });
    expect(events.find((event) => event.type === "ToolCallFinished")).toMatchObject({ ok: true });
    expect(events.find((event) => event.type === "AgentSessionStarted")).toMatchObject({ sessionId: "s-1" });
    if (program === "kimi") return;
    expect(run.tokenUsage).toEqual(
      [{ model: expect.anything(), inputTokens: 120, outputTokens: 7 }].map((one) => ({
        ...one,
        model: run.tokenUsage![0]!.model,
      })),
    );
  },
);

const failsFirst = (failure: string, then: string) => `if [ "$count" = 1 ]; then\n${failure}fi\n${then}`;

test("the attempt after a crash continues the conversation, and the crash ends the program with what it has started", async () => {
  const began = lines({ type: "system", subtype: "init", session_id: "s-1", model: "m" });
  const { root, env } = project(
    "claude",
    "ClaudeCodeAgent({})",
    failsFirst(`${began}sleep 60 & echo $! > pid; wait\n`, claude),
  );
  const first = await ServerProcess.start(root, env);
  const runId = await first.start("ask.tsx");
  await first.until(runId, ({ type }) => type === "AgentSessionStarted");
  const pid = Number(await eventually(() => readFileSync(join(root, "pid"), "utf8").trim()));
  await first.kill();
  await eventually(() => !existsSync(`/proc/${pid}`) || readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z "));
  const second = await ServerProcess.start(root, env);
  await eventually(async () => (await second.run(runId)).status === "finished");
  const calls = readFileSync(join(root, "calls.txt"), "utf8")
    .split("\n")
    .filter((line) => line.startsWith("ARGS"));
  expect(calls[0]).not.toContain("--resume");
  expect(calls.at(-1)).toContain("--resume s-1");
});

test("an answer that does not fit goes back in the same conversation, in the same attempt", async () => {
  const misfit = lines({ type: "result", subtype: "success", is_error: false, session_id: "s-1", result: "No." });
  const given = project("claude", "ClaudeCodeAgent({})", `if [ "$count" = 1 ]; then\n${misfit}else\n${claude}fi\n`);
  const server = serving(given);
  expect(await server.complete("ask.tsx")).toMatchObject({ status: "finished" });
  const calls = readFileSync(join(given.root, "calls.txt"), "utf8")
    .split("\n")
    .filter((line) => line.startsWith("ARGS"));
  expect(calls).toHaveLength(2);
  expect(calls[1]).toContain("--resume s-1");
});

test("a program that says its limit is reached lets the run wait", async () => {
  const refused = lines({
    type: "result",
    subtype: "success",
    is_error: true,
    session_id: "s-1",
    result: `Claude AI usage limit reached|${Math.ceil(Date.now() / 1_000) + 3600}`,
  });
  const given = project("claude", "ClaudeCodeAgent({})", `${refused}exit 1\n`);
  const server = serving(given);
  const runId = await server.start("ask.tsx");
  await eventually(async () => (await server.run(runId)).status === "waiting-quota");
});

test("cancelling a run ends the program and what it has started", async () => {
  const given = project("codex", "CodexAgent({})", "sleep 60 & echo $! > pid; wait\n");
  const server = serving(given);
  const runId = await server.start("ask.tsx");
  const pid = Number(await eventually(() => readFileSync(join(given.root, "pid"), "utf8").trim()));
  await server.runs.cancel(runId);
  await eventually(() => !existsSync(`/proc/${pid}`) || readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z "));
});

const failures: [string, string, string, string, string][] = [
  [
    "is silent for too long",
    "gemini",
    "GeminiAgent({ idleTimeoutMs: 200 })",
    "exec sleep 60\n",
    "gemini wrote nothing for 200 ms.",
  ],
  [
    "runs for too long",
    "pi",
    "PiAgent({ timeoutMs: 300 })",
    "while true; do echo '{}'; sleep 0.05; done\n",
    "pi ran longer than 300 ms.",
  ],
  ["writes too much", "kimi", "KimiAgent({ maxOutputBytes: 1000 })", "yes\n", "kimi wrote more than 1000 bytes."],
  [
    "ends with an error",
    "codex",
    "CodexAgent({})",
    "echo 'not logged in' >&2; exit 2\n",
    "codex ended with exit code 2: not logged in",
  ],
  ["is not installed", "", "GeminiAgent({})", "", 'The command "gemini" was not found on the PATH'],
];

test.each(failures)(
  "a program that %s fails the task, and the message says so",
  async (_, program, agent, script, message) => {
    const given = project(program, agent, script, "retries={0}");
    const server = serving(given);
    const run = await server.complete("ask.tsx");
    expect(run).toMatchObject({ status: "failed", error: { code: "AGENT_FAILED" } });
    expect(run.error!.message).toContain(message);
  },
);

test("the tools that a task allows are handed over; an agent that cannot be confined to them is not asked", async () => {
  const allowed = project("claude", "ClaudeCodeAgent({})", claude, 'tools={{ allow: ["read", "grep"] }}');
  const server = serving(allowed);
  expect(await server.complete("ask.tsx")).toMatchObject({ status: "finished" });
  expect(readFileSync(join(allowed.root, "calls.txt"), "utf8")).toContain("--tools Read,Grep --allowedTools Read,Grep");
  const refused = project("codex", "CodexAgent({})", codex, 'tools={{ allow: ["read"] }}');
  const other = serving(refused);
  const run = await other.complete("ask.tsx");
  expect(run.error!.message).toContain("CodexAgent cannot be confined to the tools that the task allows.");
  expect(existsSync(join(refused.root, "calls.txt"))).toBe(false);
});

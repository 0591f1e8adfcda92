import { expect, test } from "bun:test";
import { folder } from "../support/folder.ts";
import { ServerProcess, withoutWorkers } from "../support/process.ts";
import { serve } from "../support/server.ts";
import { workflowFile } from "../support/workflows.ts";

const leaky = workflowFile(
  `<Task id="leaky" output={outputs.result} noRetry>{() => { throw new Error("called with " + ctx.input.secret); }}</Task>`,
);
const echo = workflowFile(`<Task id="say" output={outputs.result}>{{ value: 1 }}</Task>`);

const token = "token-that-nobody-may-read";
const secret = "sk-live-0123456789";

type Line = Record<string, any>;

test("the log has one JSON object per line, with ids and without secrets", async () => {
  const root = folder({ "echo.tsx": echo, "leaky.tsx": leaky });
  // An author is not authentication.
  const author = { GIT_AUTHOR_NAME: "Ada Lovelace" };
  const env = { SMITHERS_API_KEY: token, PAYMENTS_SECRET: secret, SMITHERS_LOG_LEVEL: "debug", ...author };
  const server = await ServerProcess.start(root, env, { captureLog: true });
  const headers = { authorization: `Bearer ${token}` };
  const start = async (workflowPath: string, input: unknown) =>
    (await server.post("/v1/runs", { workflowPath, input }, headers)).body.runId as string;
  const finished = await start("echo.tsx", {});
  const failed = await start("leaky.tsx", { secret: `${secret} and Bearer abc.def by Ada Lovelace` });
  for (const runId of [finished, failed]) for await (const _ of server.messages(`/v1/runs/${runId}/events`, headers));
  const refused = await server.get("/v1/runs", { authorization: `Bearer ${token}x` });
  await server.stop("SIGTERM");

  const lines: Line[] = server.log
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(server.log).not.toContain(token);
  expect(server.log).not.toContain(secret);
  expect(server.log).not.toContain("abc.def");
  for (const { level, time, msg } of lines) {
    expect([typeof level, new Date(time).toISOString(), typeof msg]).toEqual(["string", time, "string"]);
  }
  const said = (msg: string) => lines.filter((line) => line.msg === msg);
  expect(said("listening")).toMatchObject([
    { level: "info", url: server.url, rootDir: root, db: `${root}/smithers.db` },
  ]);
  expect(said("run started").map(({ runId }) => runId)).toEqual([finished, failed]);
  expect(said("run finished")).toMatchObject([{ runId: finished }]);
  expect(said("node failed")).toMatchObject([
    { level: "warn", runId: failed, nodeId: "leaky", iteration: 0, attempt: 1, err: { code: "TASK_FAILED" } },
  ]);
  expect(said("node failed")[0]!.err.message).toBe("called with [redacted] and Bearer [redacted] by Ada Lovelace");
  expect(said("run failed")).toMatchObject([{ level: "warn", runId: failed, err: { code: "TASK_FAILED" } }]);
  const requestId = refused.headers.get("x-request-id");
  expect(said("request refused")).toMatchObject([{ level: "debug", requestId, status: 401, code: "UNAUTHORIZED" }]);
  expect(said("shutting down")).toHaveLength(1);
  expect(lines.at(-1)!.msg).toBe("closed");
});

test("the log reports that the run of a dead process was taken over", async () => {
  const root = folder({
    "slow.tsx": workflowFile(
      `<Task id="slow" output={outputs.result}>{async (task) => { if (task.attempt === 1) await new Promise(() => {}); return { value: 1 }; }}</Task>`,
    ),
  });
  const first = await ServerProcess.start(root, withoutWorkers);
  const runId = await first.start("slow.tsx");
  await first.until(runId, ({ type }) => type === "NodeStarted");
  await first.kill();
  const second = await ServerProcess.start(
    root,
    { ...withoutWorkers, SMITHERS_LOG_LEVEL: "info" },
    { captureLog: true },
  );
  expect((await second.end(runId)).status).toBe("finished");
  await second.stop("SIGTERM");
  const lines: Line[] = second.log
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(lines.filter(({ msg }) => msg === "run taken over")).toMatchObject([{ level: "info", runId }]);
});

test("a custom logger gets facts and messages of every level", async () => {
  const said: [string, Line, string][] = [];
  const to = (level: string) => (facts: object, message: string) => void said.push([level, facts, message]);
  const logger = { debug: to("debug"), info: to("info"), warn: to("warn"), error: to("error") };
  const server = await serve(folder({ "echo.tsx": echo }), { logger });
  const { runId } = await server.complete("echo.tsx");
  await server.get("/nowhere");
  await server.close();
  expect(said).toContainEqual(["info", { runId }, "run finished"]);
  expect(said).toContainEqual(["debug", expect.objectContaining({ code: "NOT_FOUND" }), "request refused"]);
});

test("an unknown log level is refused at start, with the name of its option or variable", async () => {
  const root = folder();
  await expect(serve(root, { logLevel: "loud" as never })).rejects.toThrow(/logLevel.*loud.*debug, info/);
});

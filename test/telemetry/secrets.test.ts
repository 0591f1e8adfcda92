import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Collector } from "../support/collector.ts";
import { folder } from "../support/folder.ts";
import { projectDir } from "../support/packed.ts";
import { ServerProcess } from "../support/process.ts";
import { workflowFile } from "../support/workflows.ts";

const secret = "sk-live-0123456789";
const password = "hunter2-hunter2";
const token = "token-that-nobody-may-read";

const leaks = {
  message: `throw new Error("the API refused " + process.env.OPENAI_API_KEY)`,
  "long message": `throw new Error("x".repeat(16_380 - 9) + process.env.OPENAI_API_KEY + "y".repeat(16_384))`,
  cause: `throw new Error("failed", { cause: new Error(process.env.OPENAI_API_KEY) })`,
  field: `throw Object.assign(new Error("failed"), { url: "/v1?" + process.env.OPENAI_API_KEY })`,
  text: `throw "the API refused " + process.env.OPENAI_API_KEY`,
  connection: `throw new Error("cannot connect to " + process.env.DATABASE_URL)`,
  password: `throw new Error("wrong password: " + new URL(process.env.DATABASE_URL).password)`,
  print: `console.log("using", process.env.OPENAI_API_KEY); throw new Error("printed")`,
  command: `await bash(["echo", process.env.OPENAI_API_KEY, "; exit 3"].join(" "))`,
  span: `trace.getTracer("mine").startActiveSpan("call " + process.env.OPENAI_API_KEY, (span) => {
    span.setAttributes({ key: process.env.OPENAI_API_KEY, keys: ["a", process.env.OPENAI_API_KEY], "http.request.header.authorization": "Basic QWxhZGRpbg==" });
    span.addEvent("sent", { key: process.env.OPENAI_API_KEY });
    span.recordException(new Error("refused " + process.env.OPENAI_API_KEY));
    span.end();
  }); throw new Error("traced")`,
};

const files = Object.fromEntries(
  Object.entries(leaks).map(([name, code]) => [
    `${name.replace(" ", "-")}.tsx`,
    workflowFile(`<Task id="leak" output={outputs.result} noRetry>{async () => { ${code}; }}</Task>`, {
      head: `// A second copy of the API, as an app has one of its own.
import { trace } from "${projectDir}/node_modules/@opentelemetry/api/build/src/index.js";`,
    }),
  ]),
);
const rejected = `throw new Error("no model for " + process.env.OPENAI_API_KEY);`;

test("secrets of the environment reach no answer, no stored error, no log and no collector", async () => {
  const collector = await Collector.start();
  const root = folder({ ...files, "rejected.tsx": rejected });
  const env = {
    OPENAI_API_KEY: secret,
    DATABASE_URL: `postgres://ada:${password}@db.example/app`,
    SMITHERS_API_KEY: token,
    SMITHERS_LOG_LEVEL: "debug",
    SMITHERS_OTEL_ENABLED: "1",
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
  };
  const server = await ServerProcess.start(root, env, { captureLog: true });
  const headers = { authorization: `Bearer ${token}` };
  const answers: unknown[] = [];
  for (const workflowPath of Object.keys(files)) {
    const { body } = await server.post("/v1/runs", { workflowPath, input: {} }, headers);
    for await (const { data } of server.messages(`/v1/runs/${body.runId}/events`, headers)) answers.push(data);
    for (const path of ["", "/nodes", "/nodes/leak"]) {
      answers.push((await server.get(`/v1/runs/${body.runId}${path}`, headers)).body);
    }
  }
  const refused = await server.post("/v1/runs", { workflowPath: "rejected.tsx", input: {} }, headers);
  expect(refused.body.error).toMatchObject({ code: "WORKFLOW_INVALID" });
  expect(refused.body.error.message).toContain("no model for [redacted]");
  answers.push(refused.body, (await server.get("/v1/runs", headers)).body, await server.get("/metrics", headers));
  await server.stop("SIGTERM");

  const stored = readdirSync(root)
    .filter((name) => name.startsWith("smithers.db"))
    .map((name) => readFileSync(join(root, name), "latin1"));
  expect(stored.length).toBeGreaterThan(0);
  const told = {
    answers: JSON.stringify(answers),
    log: server.log,
    spans: JSON.stringify(collector.bodies),
    stored: stored.join(""),
  };
  for (const [where, text] of Object.entries(told)) {
    expect([where, text.includes("[redacted]")]).toEqual([where, true]);
    for (const hidden of [secret, secret.slice(0, 9), password, token, "QWxhZGRpbg"]) {
      expect([where, hidden, text.includes(hidden)]).toEqual([where, hidden, false]);
    }
  }
});

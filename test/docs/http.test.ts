import { expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type ErrorCode, errorCodes } from "../../src/errors/index.ts";
import type { SmithersEvent } from "../../src/model/index.ts";
import { errorCodesOf } from "../../src/server/route.ts";
import { routes } from "../../src/server/routes.ts";
import { eventually } from "../support/eventually.ts";
import { folder } from "../support/folder.ts";
import { projectDir } from "../support/packed.ts";
import { needs } from "../support/programs.ts";
import { serve, type TestServer } from "../support/server.ts";
import { difference } from "../support/shown.ts";

const text = readFileSync(join(projectDir, "docs/http.md"), "utf8");
const workflow = /^```tsx title="release.tsx"\n(.*?)^```$/ms.exec(text)![1]!;

interface Example {
  readonly heading: string;
  readonly command: string;
  /** What follows the command; nothing when the page shows no answer. */
  readonly answer: { kind: string; text: string } | undefined;
}

function examples(): Example[] {
  return text.split(/^#{2,3} /m).flatMap((section) => {
    const heading = section.split("\n", 1)[0]!;
    const fences = [...section.matchAll(/^```(\w+)[^\n]*\n(.*?)^```$/gms)].map(([, kind, body]) => ({
      kind: kind!,
      text: body!,
    }));
    return fences.flatMap(({ kind, text }, index) => {
      if (kind !== "sh") return [];
      const next = fences[index + 1];
      return { heading, command: text, answer: next?.kind === "sh" ? undefined : next };
    });
  });
}

/** Runs a command of the page; what it prints, or what it had printed when `isEnough`. */
async function run(
  command: string,
  server: TestServer,
  isEnough: (printed: string) => boolean,
  printedSome?: () => Promise<unknown>,
): Promise<string> {
  const script = `curl() { command curl -sS "$@"; }\n${command.replaceAll("http://localhost:7331", server.url)}`;
  const child = spawn("bash", ["-c", script], {
    env: { ...process.env, SMITHERS_API_KEY: "secret" },
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
  });
  let printed = "";
  for await (const chunk of child.stdout) {
    printed += chunk;
    if (isEnough(printed)) break;
    await printedSome?.();
    printedSome = undefined;
  }
  if (child.exitCode === null) process.kill(-child.pid!, "SIGKILL");
  return printed;
}

/** What the examples of a section need, beside those before them. */
const before: Record<string, (server: TestServer) => Promise<unknown>> = {
  "Resume a run": (server) => failed(server, "release-2"),
  "Retry a node": (server) => failed(server, "release-4"),
  "Follow all runs": (server) => waiting(server, "release-5"),
  Deny: (server) => waiting(server, "release-3"),
};

/** What happens once the example of a section has printed something. */
const meanwhile: Record<string, (server: TestServer) => Promise<unknown>> = {
  "Follow all runs": (server) => server.post("/v1/runs/release-5/cancel"),
};

async function failed(server: TestServer, runId: string): Promise<void> {
  await waiting(server, runId);
  await server.approvals.deny(runId, "ship");
  await server.end(runId);
}

async function waiting(server: TestServer, runId: string): Promise<void> {
  await server.start("release.tsx", { version: "2" }, { runId });
  await server.until(runId, ({ type }) => type === "NodeWaitingApproval");
}

needs("curl")("the page's examples are answered as it shows", async () => {
  const server = await serve(folder({ "release.tsx": workflow }), { authToken: "secret" });
  for (const { heading, command, answer } of examples()) {
    const section = heading.split(":", 1)[0]!;
    await before[section]?.(server);
    if (answer?.kind === "text") {
      const shown = eventsIn(answer.text);
      // What changes in the lists is no event, and has no type.
      const last = shown.at(-1)!.type === undefined ? '"status":"cancelled"' : JSON.stringify(shown.at(-1)!.type);
      const printed = await run(
        command,
        server,
        (printed) => printed.includes(last),
        () => meanwhile[section]?.(server) ?? Promise.resolve(),
      );
      expect(printed).toStartWith(answer.text.slice(0, answer.text.indexOf("data:")));
      for (const event of shown) {
        const same = eventsIn(printed).findLast((one) => one.type === event.type && one.runId !== undefined);
        expect([event.type, difference(event, same)]).toEqual([event.type, undefined]);
      }
      continue;
    }
    const isAsShown = async () => {
      const printed = await run(command, server, () => false);
      if (heading !== "Errors") expect(printed).not.toStartWith('{"error"');
      const found = answer && difference(JSON.parse(answer.text), JSON.parse(printed));
      expect([heading, found]).toEqual([heading, undefined]);
      return true;
    };
    // A run needs a moment to come to where the page shows it.
    if (command.includes("-X POST")) await isAsShown();
    else await eventually(isAsShown);
  }
});

function eventsIn(stream: string): SmithersEvent[] {
  return [...stream.matchAll(/^data: (.*)$/gm)].map(([, json]) => JSON.parse(json!));
}

test("the page shows a call of every route", () => {
  const called = examples().map(({ command }) => {
    const method = /-X (\w+)/.exec(command)?.[1] ?? "GET";
    return `${method} ${/localhost:7331([^\s"?]*)/.exec(command)![1]}`;
  });
  const aliases = ["/v1/approval/list", "/approval/list", "/approvals", "/signal/:runId/:signalName"];
  for (const alias of aliases) expect(text).toContain(alias);
  for (const { method, path } of routes) {
    if (aliases.includes(path)) continue;
    const pattern = new RegExp(`^${method} ${path.replace(/:\w+/g, "[^/]+")}$`);
    expect([method, path, called.some((one) => pattern.test(one))]).toEqual([method, path, true]);
  }
});

test("the page's table has every code that a request can be answered with, at its status", () => {
  const listed = [...text.matchAll(/^\| `([A-Z_]+)` +\| (\d{3}) /gm)].map(([, code, status]) => [code, Number(status)]);
  const codes = new Set<ErrorCode>(routes.flatMap((route) => [...errorCodesOf(route)]));
  for (const code of ["NOT_FOUND", "METHOD_NOT_ALLOWED", "REQUEST_TIMEOUT", "HEADERS_TOO_LARGE"] as const)
    codes.add(code);
  const expected = [...codes].map((code) => [code, errorCodes[code].status]);
  expect(listed.sort()).toEqual(expected.sort());
});

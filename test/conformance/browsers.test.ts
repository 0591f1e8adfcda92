import { describe, expect, test } from "bun:test";
import { once } from "node:events";
import { request } from "node:http";
import type { ServerOptions } from "smithers-orchestrator";
import { forAllTests } from "../support/cleanup.ts";
import { type Sent, send } from "../support/exact-request.ts";
import { folder } from "../support/folder.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";
import { workflowFile } from "../support/workflows.ts";

const gate = workflowFile(
  `<Approval id="ship" output={outputs.result} request={{ title: "Ship?" }} /><Task id="after" output={outputs.result}>{{ value: 1 }}</Task>`,
  { schemas: "result: approvalDecisionSchema.loose()" },
);

async function served(options: ServerOptions = {}) {
  const server = await serve(folder({ "gate.tsx": gate }), options);
  return { ...server, port: new URL(server.url).port, client: server };
}

/** A server for the tests that change nothing. */
const unchanged = forAllTests(served);

const start = JSON.stringify({ workflowPath: "./gate.tsx" });
const foreign = { Origin: "https://evil.example" };
const token = "browsers-token";

describe("a page from elsewhere", () => {
  /** `origin` changes the server's own. */
  test.each<[string, Sent & { origin?: (url: string) => string }]>([
    ["as text", { headers: { ...foreign, "Content-Type": "text/plain" }, body: start }],
    ["as a form", { headers: { ...foreign, "Content-Type": "application/x-www-form-urlencoded" }, body: start }],
    ["as JSON", { headers: { ...foreign, "Content-Type": "application/json" }, body: start }],
    ["without a type", { headers: foreign, body: start }],
    ["from an opaque origin", { headers: { Origin: "null" }, body: start }],
    ["from an origin with a user", { origin: (url) => url.replace("//", "//evil@"), body: start }],
    ["from an origin with a path", { origin: (url) => `${url}/path`, body: start }],
    [
      "from an origin with a dot at the end of the name",
      { origin: (url) => url.replace(/:(\d+)$/, ".:$1"), body: start },
    ],
    ["from an origin in capitals", { origin: (url) => url.toUpperCase(), body: start }],
    ["marked with two sites", { headers: { "Sec-Fetch-Site": "none, cross-site" }, body: start }],
    ["marked with a site that no browser has", { headers: { "Sec-Fetch-Site": "Cross-Site" }, body: start }],
    ["marked cross-site", { headers: { "Sec-Fetch-Site": "cross-site" }, body: start }],
    ["marked same-site", { headers: { "Sec-Fetch-Site": "same-site" }, body: start }],
    ["from another port of this machine", { headers: { Origin: "http://127.0.0.1:1" }, body: start }],
    ["from another name of this machine", { headers: { Origin: "http://localhost" }, body: start }],
    ["of a file", { headers: { Origin: "file://" }, body: start }],
    ["of an extension", { headers: { Origin: "moz-extension://abc" }, body: start }],
  ])("starts no run: %s", async (_, { origin, ...sent }) => {
    const { url, client } = unchanged();
    const headers = origin ? { Origin: origin(url) } : sent.headers;
    const { status, body } = await send(url, "/v1/runs", { method: "POST", ...sent, headers });
    expect([status, body.error.code]).toEqual([403, "FORBIDDEN"]);
    expect((await client.get("/v1/runs")).body).toEqual([]);
  });

  test.each(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"])("is refused with %s", async (method) => {
    const { url } = unchanged();
    expect((await send(url, "/v1/runs", { method, headers: foreign })).status).toBe(403);
  });

  test("is refused on every route that the server describes, and on others", async () => {
    const { url, client } = unchanged();
    const { paths } = (await client.get("/openapi.json")).body;
    for (const path of [...Object.keys(paths), "/openapi.json", "/nothing"]) {
      const method = paths[path]?.post ? "POST" : "GET";
      const { status } = await send(url, path.replace(/\{\w+\}/g, "x"), { method, headers: foreign });
      expect([path, status]).toEqual([path, path === "/health" ? 200 : 403]);
    }
  });

  test("decides, signals and cancels nothing", async () => {
    const { url, client } = await served();
    const runId = await client.start("./gate.tsx");
    await client.until(runId, ({ type }) => type === "ApprovalRequested");
    const before = (await client.get(`/v1/runs/${runId}/frames`)).body.length;
    for (const path of ["nodes/ship/approve", "nodes/ship/deny", "cancel", "resume", "signals/go"]) {
      const { status } = await send(url, `/v1/runs/${runId}/${path}`, { method: "POST", headers: foreign });
      expect([path, status]).toEqual([path, 403]);
    }
    expect((await client.run(runId)).status).toBe("waiting-approval");
    expect((await client.get(`/v1/runs/${runId}/frames`)).body.length).toBe(before);
  });

  test("is refused also with the token", async () => {
    const { url } = await served({ authToken: token });
    const headers = { ...foreign, Authorization: `Bearer ${token}` };
    expect((await send(url, "/v1/runs", { headers })).status).toBe(403);
  });

  test("may ask for /health", async () => {
    const { url } = unchanged();
    const headers = { ...foreign, Host: "evil.example", "Sec-Fetch-Site": "cross-site" };
    expect((await send(url, "/health", { headers })).status).toBe(200);
  });
});

describe("a server without a token", () => {
  test.each([
    "evil.example",
    "evil.example:7331",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "10.0.0.1",
    "[::2]",
    "0.0.0.0",
  ])("does not answer to the host %s", async (host) => {
    const { url } = unchanged();
    const { status, body } = await send(url, "/v1/runs", { headers: { Host: host } });
    expect([status, body.error.code]).toEqual([403, "FORBIDDEN"]);
    expect(body.error.message).toContain(host);
  });

  test("does not answer to another host in the target of a request", async () => {
    const { url } = unchanged();
    const { port } = new URL(url);
    const target = { path: "http://evil.example/v1/runs", headers: { Host: `127.0.0.1:${port}` } };
    const [answer] = await once(request({ port, ...target }).end(), "response");
    expect(answer.resume().statusCode).toBe(403);
  });

  test.each(["localhost", "LOCALHOST:1", "127.0.0.1", "127.8.9.10:80", "[::1]", "[::1]:7331"])(
    "answers to the host %s",
    async (host) => {
      const { url } = unchanged();
      expect((await send(url, "/v1/runs", { headers: { Host: host } })).status).toBe(200);
    },
  );

  test("answers to the hosts that allowedHosts names", async () => {
    const { url } = await served({ allowedHosts: ["build.lan", "ci.lan:8080"] });
    const statusOf = async (Host: string) => (await send(url, "/v1/runs", { headers: { Host } })).status;
    expect(await statusOf("build.lan:9")).toBe(200);
    expect(await statusOf("Build.LAN")).toBe(200);
    expect(await statusOf("ci.lan:8080")).toBe(200);
    expect(await statusOf("ci.lan")).toBe(403);
  });
});

describe("who is not a page from elsewhere notices nothing", () => {
  test.each<[string, Record<string, string>]>([
    ["a program, without a type", {}],
    ["a program, with another type", { "Content-Type": "text/plain" }],
    ["the address bar", { "Sec-Fetch-Site": "none" }],
    ["the server's own page", { "Sec-Fetch-Site": "same-origin", Origin: "own" }],
  ])("%s", async (_, headers) => {
    const { url } = await served();
    const given = headers.Origin ? { ...headers, Origin: url } : headers;
    const { status } = await send(url, "/v1/runs", { method: "POST", headers: given, body: start });
    expect(status).toBe(200);
  });

  test("with a token, a host of any name, and the page of a proxy that ends TLS", async () => {
    const { url } = await served({ authToken: token });
    const headers = { Host: "smithers.example", Origin: "https://smithers.example", "x-smithers-key": token };
    expect((await send(url, "/v1/runs", { headers })).status).toBe(200);
  });

  test("anybody, with insecure: true", async () => {
    const { url } = await served({ insecure: true });
    const headers = { ...foreign, Host: "evil.example", "Sec-Fetch-Site": "cross-site" };
    expect((await send(url, "/v1/runs", { headers })).status).toBe(200);
  });
});

describe("an origin in allowedOrigins", () => {
  const app = "https://app.example";

  test("may call the server and read what it answers", async () => {
    const { url } = await served({ allowedOrigins: [app] });
    const { status, headers } = await send(url, "/v1/runs", {
      headers: { Origin: app, "Sec-Fetch-Site": "cross-site" },
    });
    expect(status).toBe(200);
    expect(headers["access-control-allow-origin"]).toBe(app);
    expect(headers["access-control-expose-headers"]).toContain("Link");
  });

  test("gets its preflight answered, without the token that a preflight cannot bear", async () => {
    const { url } = await served({ allowedOrigins: [app], authToken: token });
    const headers = {
      Origin: app,
      "Access-Control-Request-Method": "POST",
      "Access-Control-Request-Headers": "authorization",
    };
    const { status, headers: answered } = await send(url, "/v1/runs", { method: "OPTIONS", headers });
    expect(status).toBe(204);
    expect(answered["access-control-allow-headers"]).toContain("Authorization");
  });

  test("refuses every other", async () => {
    const { url } = await served({ allowedOrigins: [app] });
    for (const Origin of ["https://evil.example", "http://app.example", `${app}:444`, `${app}.evil.example`]) {
      const { status, headers } = await send(url, "/v1/runs", { headers: { Origin } });
      expect([Origin, status]).toEqual([Origin, 403]);
      expect(headers["access-control-allow-origin"]).toBeUndefined();
    }
  });
});

test.each([
  [{ allowedOrigins: ["app.example"] }, "allowedOrigins"],
  [{ allowedOrigins: ["https://app.example/"] }, "allowedOrigins"],
  [{ allowedOrigins: ["*"] }, "allowedOrigins"],
  [{ allowedHosts: ["http://build.lan"] }, "allowedHosts"],
  [{ allowedHosts: [""] }, "allowedHosts"],
])("a value that cannot match is refused at the start: %j", async (options, option) => {
  await expect(serve(folder(), options)).rejects.toMatchObject({ code: "INVALID_OPTIONS", details: { option } });
});

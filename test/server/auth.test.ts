import { afterEach, describe, expect, test } from "bun:test";
import { startServer } from "smithers-orchestrator";
import { Client } from "../support/client.ts";
import { folder } from "../support/folder.ts";
import { serve } from "../support/server.ts";

const given = process.env.SMITHERS_API_KEY;
afterEach(() => {
  if (given === undefined) delete process.env.SMITHERS_API_KEY;
  else process.env.SMITHERS_API_KEY = given;
});

const plain = "tok-5f3a";

async function answerTo(headers: Record<string, string>, path = "/v1/runs") {
  const { url } = await serve(folder(), { authToken: plain });
  return new Client(url).get(path, headers);
}

describe("a server with a token", () => {
  test.each([
    ["Authorization: Bearer", { authorization: `Bearer ${plain}` }],
    ["a scheme in other letters", { authorization: `bearer ${plain}` }],
    ["x-smithers-key", { "x-smithers-key": plain }],
    ["x-smithers-key beside another scheme", { authorization: "Basic eDp5", "x-smithers-key": plain }],
    ["x-smithers-key beside somebody else's bearer", { authorization: "Bearer proxy", "x-smithers-key": plain }],
  ])("takes %s", async (_, headers) => {
    expect((await answerTo(headers as Record<string, string>)).status).toBe(200);
  });

  test.each([
    ["no token", {}],
    ["a wrong bearer", { authorization: "Bearer tok-5f3b" }],
    ["a wrong key", { "x-smithers-key": "tok" }],
    ["the token and more", { "x-smithers-key": `${plain}0` }],
    ["the token without its scheme", { authorization: plain }],
    ["another scheme", { authorization: `Basic ${plain}` }],
    ["an empty bearer", { authorization: "Bearer " }],
    ["an empty key", { "x-smithers-key": "" }],
  ])("refuses %s", async (_, headers) => {
    const { status, body, headers: answered } = await answerTo(headers as Record<string, string>);
    expect(status).toBe(401);
    expect(body.error.code).toBe("UNAUTHORIZED");
    expect(answered.get("www-authenticate")).toBe("Bearer");
    expect(JSON.stringify(body)).not.toContain(plain);
  });

  test.each(["/v1/runs/x", "/v1/runs/x/events", "/v1/approvals", "/approvals", "/nothing"])(
    "asks for it at %s, before it tells what is there",
    async (path) => {
      expect((await answerTo({}, path)).status).toBe(401);
    },
  );

  test("asks for it on every writing route", async () => {
    const server = await serve(folder(), { authToken: plain });
    const client = new Client(server.url);
    for (const path of [
      "/v1/runs",
      "/v1/runs/x/resume",
      "/v1/runs/x/cancel",
      "/v1/runs/x/nodes/n/approve",
      "/v1/runs/x/nodes/n/deny",
      "/v1/runs/x/signals/s",
      "/signal/x/s",
      "/health",
    ]) {
      expect([path, (await client.post(path)).status]).toEqual([path, 401]);
    }
  });

  test("answers GET /health without it", async () => {
    const { status, body } = await answerTo({}, "/health");
    expect([status, body]).toEqual([200, { ok: true }]);
  });
});

test("the token comes from SMITHERS_API_KEY when no option names one", async () => {
  process.env.SMITHERS_API_KEY = "from-env";
  const { url } = await serve(folder());
  expect((await new Client(url).get("/v1/runs")).status).toBe(401);
  expect((await new Client(url, "from-env").get("/v1/runs")).status).toBe(200);
});

test("the option goes before SMITHERS_API_KEY", async () => {
  process.env.SMITHERS_API_KEY = "from-env";
  const { url } = await serve(folder(), { authToken: plain });
  expect((await new Client(url, "from-env").get("/v1/runs")).status).toBe(401);
  expect((await new Client(url, plain).get("/v1/runs")).status).toBe(200);
});

test("without a token anybody on this machine may call", async () => {
  delete process.env.SMITHERS_API_KEY;
  const { url } = await serve(folder());
  expect((await new Client(url).get("/v1/runs")).status).toBe(200);
});

describe("at start", () => {
  const refusal = (options: Parameters<typeof startServer>[0]) => {
    try {
      startServer({ port: 0, rootDir: folder(), ...options }).close();
    } catch (error) {
      return error;
    }
  };

  test.each(["", "   "])("an empty authToken (%j) is a mistake", (authToken) => {
    expect(refusal({ authToken })).toMatchObject({ code: "INVALID_OPTIONS", details: { option: "authToken" } });
  });

  test("an empty SMITHERS_API_KEY is a mistake", () => {
    process.env.SMITHERS_API_KEY = "";
    expect(refusal({})).toMatchObject({ code: "INVALID_OPTIONS", details: { option: "authToken" } });
  });

  test.each(["0.0.0.0", "::", "192.168.1.5", "example.org", ""])("%j without a token is refused", (host) => {
    delete process.env.SMITHERS_API_KEY;
    expect(refusal({ host })).toMatchObject({ code: "INVALID_OPTIONS", details: { option: "host" } });
  });

  test.each([{ insecure: true }, { authToken: plain }])("0.0.0.0 is served with %j", async (options) => {
    delete process.env.SMITHERS_API_KEY;
    const { url } = await serve(folder(), { host: "0.0.0.0", ...options });
    expect((await new Client(url, options.authToken).get("/v1/runs")).status).toBe(200);
  });

  test.each(["127.0.0.1", "localhost"])("%s needs no token", async (host) => {
    delete process.env.SMITHERS_API_KEY;
    const server = await serve(folder(), { host });
    expect(server.server.listening).toBe(true);
  });
});

import { afterEach, describe, expect, test } from "bun:test";
import { startServer } from "smithers-orchestrator";
import { Client } from "../support/client.ts";
import { folder } from "../support/folder.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";

const given = process.env.SMITHERS_API_KEY;
afterEach(() => {
  if (given === undefined) delete process.env.SMITHERS_API_KEY;
  else process.env.SMITHERS_API_KEY = given;
});

const plain = "tok-5f3a";

test("the token comes from SMITHERS_API_KEY when no option names one", async () => {
  process.env.SMITHERS_API_KEY = "from-env";
  const { url } = await serve(folder());
  expect((await new Client(url).get("/v1/runs")).status).toBe(401);
  expect((await new Client(url, "from-env").get("/v1/runs")).status).toBe(200);
});

test("the option takes precedence over SMITHERS_API_KEY", async () => {
  process.env.SMITHERS_API_KEY = "from-env";
  const { url } = await serve(folder(), { authToken: plain });
  expect((await new Client(url, "from-env").get("/v1/runs")).status).toBe(401);
  expect((await new Client(url, plain).get("/v1/runs")).status).toBe(200);
});

test("without a token every program on this machine may call", async () => {
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

  test("an empty SMITHERS_API_KEY is refused", () => {
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

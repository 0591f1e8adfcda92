import { describe, expect, test } from "bun:test";
import { startServer } from "../../src/index.ts";
import { openStore } from "../../src/store/index.ts";
import { smithers } from "../support/cli.ts";
import { folder } from "../support/folder.ts";

/** The part that must not be shown. */
const secret = "s3cret";

describe.each([
  ["the password", `postgres://flows:${secret}%@127.0.0.1:1/flows`],
  ["the middle of the password", `postgres://flows:${secret}%zz@127.0.0.1:1/flows`],
  ["bytes that are no text", `postgres://flows:${secret}%FF@127.0.0.1:1/flows`],
  ["the database's name", `postgres://flows:${secret}@127.0.0.1:1/flo%ws`],
  ["one of several servers", `postgres://flows:${secret}%2@127.0.0.1:1,127.0.0.1:2/flows`],
  ["a parameter", `postgres://flows:${secret}@127.0.0.1:1/flows?application_name=%`],
])("a %% that encodes nothing in %s", (_, address) => {
  const refusal = { code: "INVALID_OPTIONS", message: expect.stringContaining("%25") };

  test("is refused with one sentence that shows no password", async () => {
    const thrown: Error = await openStore(address).then(
      () => new Error("opened"),
      (error) => error,
    );
    expect(thrown).toMatchObject(refusal);
    expect(Bun.inspect(thrown)).not.toContain(secret);
    expect(() => startServer({ port: 0, db: address })).toThrow(expect.objectContaining(refusal));
  });
});

test("the command says so too", async () => {
  const address = `postgres://flows:${secret}%@127.0.0.1:1/flows`;
  const root = folder({});
  for (const words of [["ps"], ["server", "--port", "0"]]) {
    const { code, err, out } = await smithers(root, ...words, "--db", address);
    expect({ code, out }).toEqual({ code: expect.any(Number), out: "" });
    expect(code).not.toBe(0);
    expect(err).toContain("%25");
    expect(err).not.toContain(secret);
    expect(err).not.toContain("URIError");
  }
});

test("an encoded % is part of the password", async () => {
  const thrown = await openStore(`postgres://flows:${secret}%25@127.0.0.1:1/flows`).then(
    () => undefined,
    (error) => error,
  );
  expect(thrown).toMatchObject({ code: "DB_UNAVAILABLE" });
});

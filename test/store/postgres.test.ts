import { describe, expect, test } from "bun:test";
import { canRun } from "../../scripts/programs.ts";
import { openStore } from "../../src/store/index.ts";
import { emptySchema, sharedServer } from "../support/postgres.ts";
import { storeSuite } from "./store-suite.ts";

describe.skipIf(!canRun("postgres"))("on a server", () => {
  storeSuite("Postgres", async () => {
    const address = `${await sharedServer()}?schema=${emptySchema()}`;
    return () => openStore(address);
  });

  test("a write that cannot be encoded is refused alone", async () => {
    const store = await openStore(`${await sharedServer()}?schema=${emptySchema()}`);
    const noRun = undefined as unknown as string;
    const writes = [noRun, "unknown"].map((runId) => store.takeLease(runId, "owner", 0, Date.now()));
    expect((await Promise.allSettled(writes)).map(({ status }) => status)).toEqual(["rejected", "fulfilled"]);
    await store.close();
  });
});

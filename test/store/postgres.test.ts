import { describe } from "bun:test";
import { canRun } from "../../scripts/programs.ts";
import { openStore } from "../../src/store/index.ts";
import { emptySchema, sharedServer } from "../support/postgres.ts";
import { storeSuite } from "./store-suite.ts";

describe.skipIf(!canRun("postgres"))("on a server", () => {
  storeSuite("Postgres", async () => {
    const address = `${await sharedServer()}?schema=${emptySchema()}`;
    return () => openStore(address);
  });
});

import { describe, expect, test } from "bun:test";
import { canRun } from "../../scripts/programs.ts";
import { openStore } from "../../src/store/index.ts";
import { emptySchema, sharedServer } from "../support/postgres.ts";
import { lender, makers } from "./drizzle-databases.ts";
import { storeSuite } from "./store-suite.ts";
import { park, startRun } from "./suite/writes.ts";

describe.skipIf(!canRun("postgres"))("on a server", () => {
  const lend = lender(makers["postgres-js"]!);
  const connecting = async () => {
    const address = `${await sharedServer()}?schema=${emptySchema()}`;
    return () => openStore(address);
  };
  const onKeptConnections = async () => {
    const url = await sharedServer();
    const schema = emptySchema();
    return () => openStore(lend(url), { schema });
  };
  storeSuite("Postgres", connecting, onKeptConnections);

  test("a signal takes a parked run for an owner in the transaction that stores it, and no run that has an owner", async () => {
    const store = await openStore(`${await sharedServer()}?schema=${emptySchema()}`);
    await startRun(store, { runId: "held" });
    await park(store, await startRun(store, { runId: "parked" }));
    const batches: number[] = [];
    const committed = (writes: number) => void batches.push(writes);
    store.observe({ committed, busy() {}, failed() {}, recovered() {}, logHeld() {} });
    const signal = (runId: string) => store.receiveSignal({ runId, name: "go" }, 3_000, "taker");
    const { taken, events } = await signal("parked");
    expect(batches).toEqual([2]);
    expect(taken).toMatchObject({ run: { runId: "parked", owner: "taker" }, lease: { owner: "taker" } });
    expect(events).toMatchObject([{ type: "SignalReceived" }]);
    expect(await store.holdsLease(taken!.lease)).toBe(true);
    expect((await store.loadRun("parked"))?.signals).toHaveLength(1);
    expect((await signal("held")).taken).toBeUndefined();
    expect((await signal("parked")).taken).toBeUndefined();
    await store.close();
  });

  test("a write that cannot be encoded is refused alone", async () => {
    const store = await openStore(`${await sharedServer()}?schema=${emptySchema()}`);
    const noRun = undefined as unknown as string;
    const writes = [noRun, "unknown"].map((runId) => store.takeLease(runId, "owner", 0, Date.now()));
    expect((await Promise.allSettled(writes)).map(({ status }) => status)).toEqual(["rejected", "fulfilled"]);
    await store.close();
  });
});

import { expect, test } from "bun:test";
import type { Engine } from "../../src/engine/index.ts";
import { ChangeHub, type ChangeSources } from "../../src/server/changes/hub.ts";
import { afterThisTest } from "../support/cleanup.ts";

/** A hub on a database whose parts are set by hand: what is read, and what is announced. */
function hubOn(read: { approvals: () => object[]; runs: () => object[] }) {
  let announce = (_: object[]) => {};
  let changeElsewhere = () => {};
  const engine = {
    feed: {
      followAll(listener: typeof announce) {
        announce = listener;
        return () => {};
      },
    },
    store: {
      watch(listener: () => void) {
        changeElsewhere = listener;
        return () => {};
      },
      claimedRuns: async () => [],
      listRuns: async () => ({ runs: read.runs().map((run) => ({ run: { ...run, home: null } })) }),
    },
  } as unknown as Engine;
  const reader = { approvals: async () => ({ approvals: read.approvals() }), itemsOf: async () => read.runs() };
  const log = { debug() {} };
  return {
    hub: new ChangeHub({ databases: { engines: () => [engine] }, reader, log } as unknown as ChangeSources),
    announce: (event: object) => announce([event]),
    changeElsewhere: () => changeElsewhere(),
  };
}

test("an approval that the first reading holds already is told when its event comes afterwards", async () => {
  const read = Promise.withResolvers<void>();
  const { hub, announce } = hubOn({
    approvals() {
      read.resolve();
      return [{ runId: "r", nodeId: "ok", iteration: 0, requestedAtMs: 1 }];
    },
    runs: () => [],
  });
  const told = Promise.withResolvers<boolean>();
  afterThisTest(hub.listen(({ approvals }) => told.resolve(approvals)));
  await read.promise;
  announce({ type: "ApprovalRequested", runId: "r" });
  expect(await told.promise).toBe(true);
});

test("a run that another process has changed before the first look is told when that is noticed afterwards", async () => {
  const looked = Promise.withResolvers<void>();
  const ended = { status: "finished", runState: { state: "succeeded", computedAt: "" } };
  const { hub, changeElsewhere } = hubOn({
    // The last that is read of a look.
    approvals() {
      looked.resolve();
      return [];
    },
    runs: () => [
      { runId: "before", finishedAtMs: Date.now() - 60_000, ...ended },
      { runId: "meanwhile", finishedAtMs: Date.now(), ...ended },
    ],
  });
  const told = Promise.withResolvers<readonly string[]>();
  afterThisTest(
    hub.listen(({ runs }) => {
      if (runs.length > 0) told.resolve(runs.map(({ runId }) => runId));
    }),
  );
  await looked.promise;
  changeElsewhere();
  expect(await told.promise).toEqual(["meanwhile"]);
});

import { openStore } from "../../src/store/index.ts";
import { nodeRow } from "./rows.ts";
import { commit, outputRow, startRun } from "./suite/writes.ts";

/**
 * A process that writes turn after turn to the database that it is given, until it is killed: with each, the run's `frameNo`, its nodes and
 * its outputs are one more.
 */
const file = process.argv[2]!;
const store = await openStore(file, { synchronous: "normal" });
const lease = await startRun(store);
console.log("begun");
for (let n = 1; ; n++) {
  const nodeId = `n${n}`;
  await commit(store, lease, {
    run: { frameNo: n },
    nodes: [nodeRow({ nodeId })],
    outputs: [outputRow({ nodeId, outputNo: n })],
  });
}

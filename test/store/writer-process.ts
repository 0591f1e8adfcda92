import { openStore } from "../../src/store/index.ts";
import { nodeRow } from "./rows.ts";
import { commit, outputRow, startRun } from "./suite/writes.ts";

/** How many turns it is ahead of its reader at most: a reader that gets no processor time is not to have more to read. */
const aheadAtMost = 8;

/**
 * A process that writes turn after turn to the database that it is given, until it is killed: with each, the run's
 * `frameNo`, its nodes and its outputs are one more. It says `begun` on stdout, and reads a byte on stdin for each read.
 */
const file = process.argv[2]!;
const store = await openStore(file, { synchronous: "normal" });
const lease = await startRun(store);
let reads = 0;
process.stdin.on("data", (bytes) => {
  reads += bytes.length;
});
console.log("begun");
for (let n = 1; ; n++) {
  while (n > (reads + 1) * aheadAtMost) await new Promise((resolve) => process.stdin.once("data", resolve));
  const nodeId = `n${n}`;
  await commit(store, lease, {
    run: { frameNo: n },
    nodes: [nodeRow({ nodeId })],
    outputs: [outputRow({ nodeId, outputNo: n })],
  });
  await new Promise((resolve) => setImmediate(resolve));
}

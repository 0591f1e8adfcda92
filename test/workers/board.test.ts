import { expect, test } from "bun:test";
import { Board, textOfPlace } from "../../src/workers/board.ts";

/** The two ends of a board, as a server and its worker have them. */
function bothEnds() {
  const server = Board.create();
  return { server, worker: new Board(server.fd) };
}

const place = (nodeId: string) => textOfPlace({ runId: "r", nodeId });

test("the server reads what its worker is in, and what may run at any time", () => {
  const { server, worker } = bothEnds();
  expect(server.read()).toEqual({ now: undefined, open: [] });
  worker.setNow(place("é"));
  const first = worker.addOpen(place("a"));
  worker.addOpen(textOfPlace({ file: "flow.tsx" }));
  expect(server.read()).toEqual({
    now: { runId: "r", nodeId: "é" },
    open: [{ runId: "r", nodeId: "a" }, { file: "flow.tsx" }],
  });
  worker.setNow("");
  worker.removeOpen(first);
  expect(server.read()).toEqual({ now: undefined, open: [{ file: "flow.tsx" }] });
  server.close();
});

test("of more open places than there is room for, each is written when another one has ended", () => {
  const { server, worker } = bothEnds();
  const places = Array.from({ length: 250 }, (_, n) => worker.addOpen(place(`n${n}`)));
  expect(server.read().open).toHaveLength(100);
  // One that was never written, and all but one of those that were.
  worker.removeOpen(places.pop()!);
  while (places.length > 100) worker.removeOpen(places.shift()!);
  const open = server.read().open.map((one) => ("file" in one ? one.file : one.nodeId));
  expect(open.toSorted()).toEqual(Array.from({ length: 100 }, (_, n) => `n${149 + n}`));
  for (const one of places) worker.removeOpen(one);
  expect(server.read().open).toEqual([]);
  server.close();
});

test("a place that is too long to be written hides no other", () => {
  const { server, worker } = bothEnds();
  const long = worker.addOpen(place("x".repeat(5_000)));
  worker.addOpen(place("a"));
  worker.setNow(place("y".repeat(5_000)));
  expect(server.read()).toEqual({ now: undefined, open: [{ runId: "r", nodeId: "a" }] });
  worker.removeOpen(long);
  worker.addOpen(place("b"));
  expect(server.read().open).toHaveLength(2);
  server.close();
});

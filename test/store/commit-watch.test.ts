import { expect, test } from "bun:test";
import type { Connection } from "../../src/store/sqlite/connection.ts";
import { CommitWatch } from "../../src/store/sqlite/watch.ts";
import { afterThisTest } from "../support/cleanup.ts";

/** A connection whose looks at the database's version give these, the last one again and again. */
function connectionWith(versions: (number | Error)[]): { connection: Connection; looked: Promise<void> } {
  const looked = Promise.withResolvers<void>();
  const read = async () => {
    const version = versions.length > 1 ? versions.shift() : versions[0];
    if (versions.length === 1) looked.resolve();
    if (version instanceof Error) throw version;
    return version;
  };
  return { connection: { read } as unknown as Connection, looked: looked.promise };
}

test("a watcher is notified of what may have been committed while the database could not be read at first", async () => {
  const { connection } = connectionWith([new Error("locked"), 7]);
  const told = Promise.withResolvers<void>();
  afterThisTest(new CommitWatch(connection).watch(() => told.resolve()));
  await told.promise;
});

test("a watcher is not notified of what was committed before it came", async () => {
  const { connection, looked } = connectionWith([7, 7, 7, 7]);
  let isTold = false;
  afterThisTest(
    new CommitWatch(connection).watch(() => {
      isTold = true;
    }),
  );
  await looked;
  expect(isTold).toBe(false);
});

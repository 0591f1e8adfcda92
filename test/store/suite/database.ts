import type { Store } from "../../../src/store/index.ts";
import { afterThisTest } from "../../support/cleanup.ts";

/** Makes an empty database, and returns what opens a store on it, as often as it is called. */
export type NewDatabase = () => OpenDatabase | Promise<OpenDatabase>;
export type OpenDatabase = () => Promise<Store>;

/** A store on an empty database; `another` opens one more on the same database. All are closed after the test. */
export interface TestDatabase {
  readonly store: Store;
  another(): Promise<Store>;
}

/** What the parts of the suite take: a database of its own for each test. */
export type FreshDatabase = () => Promise<TestDatabase>;

export function freshDatabase(newDatabase: NewDatabase): FreshDatabase {
  return async () => {
    const open = await newDatabase();
    const another = async () => {
      const store = await open();
      afterThisTest(() => store.close());
      return asOverChannel(store);
    };
    return { store: await another(), another };
  };
}

/**
 * Passes what a store is given, and what it answers, through a copy, as a channel to another process does: a store's
 * arguments and answers are plain data.
 */
function asOverChannel<Target extends object>(target: Target): Target {
  return new Proxy(target, {
    get(_, name) {
      const value: unknown = Reflect.get(target, name);
      if (name === "maintenance" || name === "mirroredRuns") return asOverChannel(value as object);
      if (typeof value !== "function") return value;
      if (name === "watch") return value.bind(target);
      return async (...args: unknown[]) => structuredClone(await value.apply(target, structuredClone(args)));
    },
  });
}

/** The code that a promise rejects with; undefined when it resolves. */
export async function codeOf(work: Promise<unknown>): Promise<string | undefined> {
  return work.then(
    () => undefined,
    (error) => error.code,
  );
}

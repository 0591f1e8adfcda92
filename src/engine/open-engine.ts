import { type DrizzleDatabase, type LocalStore, openStore, type StoreOptions } from "../store/index.ts";
import { Engine } from "./engine.ts";
import type { EngineObserver } from "./observer.ts";
import type { EngineOptions, LocalEngineOptions } from "./options.ts";

/** Measures engines and their stores. */
export interface EngineMonitor {
  readonly observer: EngineObserver;
  watch(engine: Engine): void;
  watchStore(store: LocalStore): void;
}

type Opened<Options> = Options extends unknown ? Omit<Options, "store" | "observer"> : never;

export type OpenEngineOptions<Options extends EngineOptions = LocalEngineOptions> = Opened<Options> & {
  readonly monitor?: EngineMonitor;
};

/** Makes an engine on a store that is open. It does nothing by itself until it is told to {@link Engine.begin}. */
export function engineOn(store: LocalStore, { monitor, ...options }: OpenEngineOptions<EngineOptions>): Engine {
  const engine = new Engine({ ...options, store, observer: monitor?.observer });
  monitor?.watch(engine);
  monitor?.watchStore(store);
  return engine;
}

/**
 * Opens a database and makes an engine on it, as {@link engineOn} does. The caller closes the engine, then its store.
 * @param db a file's path, a `postgres://` address, or a Drizzle database
 * @throws INVALID_OPTIONS, or a `DB_*` code when the database cannot be used
 */
export async function openEngine(
  db: string | DrizzleDatabase,
  { synchronous, schema, ...options }: OpenEngineOptions & StoreOptions,
): Promise<Engine> {
  return engineOn(await openStore(db, { synchronous, schema }), options);
}

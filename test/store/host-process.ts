import type { ErrorRecord } from "../../src/errors/index.ts";
import { runtime } from "../../src/runtime/index.ts";
import { openStore, type Store } from "../../src/store/index.ts";
import { Channel } from "../../src/workers/channel.ts";
import { identityOf, type StoreIdentity } from "../../src/workers/remote-store.ts";
import { StoreHost } from "../../src/workers/store-host.ts";
import type { StorePart } from "../../src/workers/store-methods.ts";

/** What this program answers. Stores go by the number under which they were opened. */
export type HostCalls = {
  open(number: number, file: string): Promise<StoreIdentity>;
  close(number: number): Promise<void>;
  store(number: number, part: StorePart, name: string, args: readonly unknown[]): Promise<unknown>;
  commitLargeTurn(number: number, turn: string, texts: readonly string[]): Promise<unknown>;
  watch(number: number, isWatched: boolean): void;
};

/** What the other end answers. */
export type RemoteCalls = {
  changed(number: number): void;
  trouble(number: number, record: ErrorRecord | undefined): void;
};

// Opens databases for the process that has started this one.
const opened = new Map<number, { readonly store: Store; readonly host: StoreHost }>();
const parent = runtime.parent()!;
const channel: Channel<HostCalls, RemoteCalls> = new Channel<HostCalls, RemoteCalls>(parent, {
  async open(number, file) {
    const store = await openStore(file);
    const host = new StoreHost(store, {
      changed: () => channel.tell("changed", number),
      trouble: (record) => channel.tell("trouble", number, record),
    });
    opened.set(number, { store, host });
    return identityOf(store);
  },
  async close(number) {
    await opened.get(number)!.store.close();
    opened.delete(number);
  },
  store: (number, part, name, args) => opened.get(number)!.host.call(part, name, args),
  commitLargeTurn: (number, turn, texts) => opened.get(number)!.host.commitLargeTurn(turn, texts),
  watch: (number, isWatched) => opened.get(number)?.host.watch(isWatched),
});
parent.onClose(() => process.exit());

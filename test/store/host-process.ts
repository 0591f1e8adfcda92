import type { ErrorRecord } from "../../src/errors/index.ts";
import { runtime } from "../../src/runtime/index.ts";
import { openStore } from "../../src/store/index.ts";
import { Channel } from "../../src/workers/channel.ts";
import { identityOf, type StoreIdentity } from "../../src/workers/remote-store.ts";
import { StoreHost } from "../../src/workers/store-host.ts";
import type { StorePart } from "../../src/workers/store-methods.ts";

/** What this program answers. */
export type HostCalls = {
  open(): StoreIdentity;
  store(part: StorePart, name: string, args: string): Promise<unknown>;
  watch(isWatched: boolean): void;
};

/** What the other end answers. */
export type RemoteCalls = {
  changed(): void;
  trouble(record: ErrorRecord | undefined): void;
};

// Opens the database that its argument names, for the process that has started this one.
const store = await openStore(process.argv[2]!);
const parent = runtime.parent()!;
const host = new StoreHost(store, {
  changed: () => channel.tell("changed"),
  trouble: (record) => channel.tell("trouble", record),
});
const channel: Channel<HostCalls, RemoteCalls> = new Channel<HostCalls, RemoteCalls>(parent, {
  open: () => identityOf(store),
  store: (part, name, args) => host.call(part, name, args),
  watch: (isWatched) => host.watch(isWatched),
});
parent.onClose(() => process.exit());

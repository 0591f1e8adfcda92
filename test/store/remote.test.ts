import { join } from "node:path";
import { SmithersError } from "../../src/errors/index.ts";
import { runtime } from "../../src/runtime/index.ts";
import { Channel } from "../../src/workers/channel.ts";
import { RemoteStore } from "../../src/workers/remote-store.ts";
import { afterThisTest } from "../support/cleanup.ts";
import { database } from "../support/run.ts";
import type { HostCalls, RemoteCalls } from "./host-process.ts";
import { storeSuite } from "./store-suite.ts";

/** A store whose database a child process has opened. */
async function openRemote(file: string) {
  const child = runtime.spawn([join(import.meta.dirname, "host-process.ts"), file]);
  afterThisTest(() => child.kill("SIGKILL"));
  const channel: Channel<RemoteCalls, HostCalls> = new Channel<RemoteCalls, HostCalls>(
    { send: (packet) => void child.send(packet), onMessage: (listener) => child.onMessage(listener) },
    { changed: () => remote.changed(), trouble: (record) => remote.setTrouble(record) },
  );
  void child.ended.then(() => channel.close(new SmithersError("SERVER_ERROR", "The host has ended.")));
  const remote = new RemoteStore(await channel.call("open"), {
    call: (part, name, args) => channel.call("store", part, name, args),
    watch: (isWatched) => channel.tell("watch", isWatched),
  });
  return remote.store;
}

storeSuite("a store over a channel", () => {
  const file = database();
  return () => openRemote(file);
});

import { join } from "node:path";
import { SmithersError } from "../../src/errors/index.ts";
import { runtime } from "../../src/runtime/index.ts";
import { Channel } from "../../src/workers/channel.ts";
import { RemoteStore } from "../../src/workers/remote-store.ts";
import { afterThisTest, forAllTests } from "../support/cleanup.ts";
import { newDatabase } from "../support/run.ts";
import type { HostCalls, RemoteCalls } from "./host-process.ts";
import { storeSuite } from "./store-suite.ts";

/** A child process that opens databases. */
class Host {
  readonly #stores = new Map<number, RemoteStore>();
  readonly #channel: Channel<RemoteCalls, HostCalls>;

  constructor() {
    const child = runtime.spawn([join(import.meta.dirname, "host-process.ts")]);
    afterThisTest(() => child.kill("SIGKILL"));
    this.#channel = new Channel<RemoteCalls, HostCalls>(
      { send: (packet) => void child.send(packet), onMessage: (listener) => child.onMessage(listener) },
      {
        changed: (number) => this.#stores.get(number)?.changed(),
        trouble: (number, record) => this.#stores.get(number)?.setTrouble(record),
      },
    );
    void child.ended.then(() => this.#channel.close(new SmithersError("SERVER_ERROR", "The host has ended.")));
  }

  /** A store whose database the process has opened. */
  async open(number: number, file: string) {
    const channel = this.#channel;
    const identity = await channel.call("open", number, file);
    const remote = new RemoteStore(identity, {
      call: (part, name, args) => channel.callAsJson("store", number, part, name, args),
      commitLargeTurn: (turn, texts) => channel.call("commitLargeTurn", number, turn, texts),
      watch: (isWatched) => channel.tell("watch", number, isWatched),
    });
    this.#stores.set(number, remote);
    afterThisTest(() => channel.call("close", number));
    return remote.store;
  }
}

// Two stores of one database are in two processes.
const hosts = forAllTests(() => [new Host(), new Host()] as const);
let opened = 0;

storeSuite("a store over a channel", () => {
  const file = newDatabase();
  let stores = 0;
  return () => hosts()[stores++ % 2 === 0 ? 0 : 1].open(++opened, file);
});

import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { afterThisTest } from "./cleanup.ts";

/** A TCP proxy in front of a server: what lies between a client and its server, with its failings. */
export class TcpProxy {
  readonly url: string;
  /** How many connections it has taken. */
  readonly connections: () => number;
  readonly #pairs: Set<readonly [Socket, Socket]>;

  private constructor(url: string, pairs: Set<readonly [Socket, Socket]>, connections: () => number) {
    this.url = url;
    this.#pairs = pairs;
    this.connections = connections;
  }

  /**
   * Starts a proxy that ends with the test.
   * @param cutAfterMs how long a connection lives, in ms; without end when absent
   */
  static async start(target: string, { cutAfterMs }: { cutAfterMs?: number } = {}): Promise<TcpProxy> {
    const pairs = new Set<readonly [Socket, Socket]>();
    let connections = 0;
    const server = createServer((client) => {
      connections += 1;
      const upstream = connect(Number(new URL(target).port), "127.0.0.1");
      const pair = [client, upstream] as const;
      pairs.add(pair);
      const cut = () => {
        client.destroy();
        upstream.destroy();
        pairs.delete(pair);
      };
      for (const socket of pair) socket.on("error", cut).on("close", cut);
      client.pipe(upstream).pipe(client);
      if (cutAfterMs !== undefined) setTimeout(cut, cutAfterMs);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const proxy = new TcpProxy(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, pairs, () => connections);
    afterThisTest(() => {
      server.close();
      proxy.cut();
    });
    return proxy;
  }

  /** Breaks the connections that are open. */
  cut(): void {
    for (const [client] of this.#pairs) client.destroy();
  }

  /** Lets nothing through any more on the connections that are open, as when a network goes away in silence. */
  stall(): void {
    for (const [client, upstream] of this.#pairs) {
      upstream.unpipe(client);
      upstream.pause();
    }
  }
}

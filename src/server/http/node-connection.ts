import type { HttpBindings } from "@hono/node-server";
import type { StreamSource } from "./stream-source.ts";

/** The connection of a request to Node's server, as the request's `env`. */
export class NodeConnection implements HttpBindings {
  readonly incoming: HttpBindings["incoming"];
  readonly outgoing: HttpBindings["outgoing"];
  /** What follows the headers of the answer, instead of its body. */
  stream: StreamSource | undefined;

  constructor({ incoming, outgoing }: HttpBindings) {
    this.incoming = incoming;
    this.outgoing = outgoing;
  }
}

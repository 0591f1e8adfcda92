import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterThisTest } from "./cleanup.ts";

/** A TCP connection to a server, for what an HTTP client would not do; destroyed after the test. */
export async function rawSocket(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  afterThisTest(() => socket.destroy());
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

/** Everything that the server sends until it ends the connection. */
export async function readToEnd(socket: Socket): Promise<string> {
  let text = "";
  for await (const chunk of socket) text += chunk;
  return text;
}

/** What the server sends until it has sent `wanted`. */
export async function readUntil(socket: Socket, wanted: string): Promise<string> {
  let text = "";
  return new Promise((resolve, reject) => {
    socket.on("data", (chunk) => {
      text += chunk;
      if (text.includes(wanted)) resolve(text);
    });
    socket.on("close", () => reject(new Error(`The connection ended before "${wanted}" came: ${text}`)));
  });
}

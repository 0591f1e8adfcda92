import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { json } from "node:stream/consumers";

export interface Sent {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

/** Sends exactly these headers, as a browser does and `fetch` does not let a program do. */
export async function send(url: string, path: string, { method = "GET", headers = {}, body }: Sent = {}) {
  const call = request(url + path, { method, headers, agent: false }).end(body);
  const [answer] = (await once(call, "response")) as [IncomingMessage];
  const isJson = method !== "HEAD" && answer.headers["content-type"]?.startsWith("application/json");
  const text = isJson ? await json(answer) : undefined;
  answer.destroy();
  return { status: answer.statusCode, headers: answer.headers, body: text as any };
}

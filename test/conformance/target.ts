/**
 * The conformance suite speaks HTTP and nothing else, so that any server can be held against it.
 *
 * By default each of its files starts a server process of its own. To point it at another:
 *
 *   CONFORMANCE_URL        where the server is, as `http://127.0.0.1:7331`
 *   CONFORMANCE_TOKEN      its token; leave it out when it asks for none
 *   CONFORMANCE_WORKFLOWS  where it has a copy of `test/conformance/workflows`, from its rootDir; `.` when absent
 *
 *   cp -r test/conformance/workflows <rootDir>/conformance
 *   CONFORMANCE_URL=http://127.0.0.1:7331 CONFORMANCE_TOKEN=secret CONFORMANCE_WORKFLOWS=conformance \
 *     bun test test/conformance
 *
 * The server needs the `db` option. Its other runs are in nobody's way, and those of the suite stay in it. Every
 * answer is also held against the server's own /openapi.json.
 */
import { randomUUID } from "node:crypto";
import { Client } from "../support/client.ts";
import { Conformity } from "../support/openapi.ts";
import { read } from "../support/wire.ts";
import { ownToken, startOwnServer } from "./own-server.ts";

const { CONFORMANCE_URL, CONFORMANCE_TOKEN, CONFORMANCE_WORKFLOWS = "." } = process.env;

/** The token of the server under test; nothing when it asks for none. */
export const token = CONFORMANCE_URL === undefined ? ownToken : CONFORMANCE_TOKEN;

/** A path of a workflow, as the server knows it. */
export const file = (name: string) => `${CONFORMANCE_WORKFLOWS}/${name}.tsx`;

/** Ids that no other run of the server has. */
export const newId = () => `conformance-${randomUUID()}`;

class Target extends Client {
  readonly #conformity = super.get("/openapi.json").then(({ body }) => new Conformity(body));

  override async fetch(url: string, init: RequestInit): Promise<Response> {
    const response = await super.fetch(url, init);
    const { method = "GET" } = init;
    const path = url.slice(this.url.length);
    if (path === "/openapi.json" || method === "HEAD" || method === "OPTIONS") return response;
    const { status, headers } = response;
    const isStream = headers.get("content-type") === "text/event-stream";
    const answer = isStream ? { status, headers, body: "" } : await read(response.clone());
    const problems = (await this.#conformity).problems(method, path, answer);
    if (problems.length > 0) throw new Error(`The answer is not as described: ${problems.join("; ")}`);
    return response;
  }

  /** Starts one of the suite's workflows and waits for an event of it. */
  async startUntil(name: string, type: string, input: unknown = {}): Promise<string> {
    const runId = await this.start(file(name), input);
    await this.until(runId, (event) => event.type === type);
    return runId;
  }

  /** The pages of a list, as the Link header leads from one to the next. */
  async *pages(path: string): AsyncGenerator<any> {
    for (let next = path; next !== ""; ) {
      const { headers, body } = await this.get(next);
      yield body;
      next = /^<(.+)>; rel="next"$/.exec(headers.get("link") ?? "")?.[1] ?? "";
    }
  }

  /** `[status, code]` of an answer, for the table of codes. */
  async code(method: string, path: string, body?: unknown, headers?: Record<string, string>) {
    const answer = await this.request(method, path, body, headers);
    return [answer.status, answer.body.error?.code];
  }
}

export const target = new Target(CONFORMANCE_URL ?? (await startOwnServer()), token);

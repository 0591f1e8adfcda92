import { randomUUID } from "node:crypto";
import { type Server, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { RequestError } from "@hono/node-server";
import type { Logger } from "../../engine/index.ts";
import { type ErrorCode, SmithersError } from "../../errors/index.ts";
import { safe } from "../middleware/headers.ts";

/** Answers a request that Node accepts but that has no valid URL, such as one with a malformed Host header. */
export function answerUnroutable(log: Logger, thrown: unknown): Response {
  const id = randomUUID();
  if (!(thrown instanceof RequestError)) log.error({ requestId: id, err: thrown }, "request failed");
  const error =
    thrown instanceof RequestError
      ? new SmithersError("INVALID_REQUEST", `The request has no valid URL: ${thrown.message}.`)
      : new SmithersError("SERVER_ERROR", "The server failed to answer.");
  return Response.json(bodyOf(error), { status: error.status, headers: { ...safe, "X-Request-Id": id } });
}

const codes: Record<string, ErrorCode> = {
  HPE_HEADER_OVERFLOW: "HEADERS_TOO_LARGE",
  ERR_HTTP_REQUEST_TIMEOUT: "REQUEST_TIMEOUT",
};

/** Answers what is not HTTP, has too many headers or arrives too slowly, and closes the connection. */
export function answerUnreadable(server: Server): void {
  server.on("clientError", ({ code = "" }: NodeJS.ErrnoException, socket: Socket & { _httpMessage?: Answering }) => {
    // After the headers of another answer, these bytes would become part of its body.
    if (!socket.writable || socket._httpMessage?.headersSent) return void socket.destroy();
    const error = new SmithersError(codes[code] ?? "INVALID_REQUEST", "The request could not be read.");
    const body = JSON.stringify(bodyOf(error));
    const headers = {
      ...safe,
      "Content-Type": "application/json",
      "Content-Length": Buffer.byteLength(body),
      "X-Request-Id": randomUUID(),
      Connection: "close",
    };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
    socket.end([`HTTP/1.1 ${error.status} ${STATUS_CODES[error.status]}`, ...lines, "", body].join("\r\n"));
  });
}

/** Node's internal field for the answer that a socket is sending. */
interface Answering {
  readonly headersSent: boolean;
}

function bodyOf({ code, message }: SmithersError) {
  return { error: { code, message, details: null } };
}

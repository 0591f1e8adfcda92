import { expect, test } from "bun:test";
import { forAllTests } from "../support/cleanup.ts";
import { folder } from "../support/folder.ts";
import { recordedErrors } from "../support/log.ts";
import { rawSocket, readToEnd } from "../support/raw.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";
import { echo } from "../support/workflows.ts";

const end = "Host: localhost\r\nConnection: close\r\n\r\n";

/** [what, the request, the status line's start, the error's code] */
const requests: [string, string, number, string][] = [
  ["a method in small letters", `get /v1/runs HTTP/1.1\r\n${end}`, 400, "INVALID_REQUEST"],
  ["a method that is none", `FETCH /v1/runs HTTP/1.1\r\n${end}`, 400, "INVALID_REQUEST"],
  ["words that are no HTTP", "hello there\r\n\r\n", 400, "INVALID_REQUEST"],
  ["the beginning of TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400, "INVALID_REQUEST"],
  ["a path without a slash", `GET v1/runs HTTP/1.1\r\n${end}`, 400, "INVALID_REQUEST"],
  ["a path with a backslash", `GET /v1\\runs HTTP/1.1\r\n${end}`, 400, "INVALID_REQUEST"],
  ["a path with a raw NUL", `GET /v1/\0 HTTP/1.1\r\n${end}`, 400, "INVALID_REQUEST"],
  [
    "a Host with an address that cannot be",
    "GET /v1/runs HTTP/1.1\r\nHost: 127.0.0.999\r\nConnection: close\r\n\r\n",
    400,
    "INVALID_REQUEST",
  ],
  ["a Host that is none", "GET /v1/runs HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n", 400, "INVALID_REQUEST"],
  ["a negative length", `POST /v1/runs HTTP/1.1\r\nContent-Length: -1\r\n${end}`, 400, "INVALID_REQUEST"],
  [
    "a length beside chunks",
    `POST /v1/runs HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n${end}0\r\n\r\n`,
    400,
    "INVALID_REQUEST",
  ],
  [
    "a chunk whose size is none",
    `POST /v1/runs HTTP/1.1\r\nTransfer-Encoding: chunked\r\n${end}zz\r\n`,
    400,
    "INVALID_REQUEST",
  ],
  ["one huge header", `GET /v1/runs HTTP/1.1\r\nX-A: ${"a".repeat(200_000)}\r\n${end}`, 431, "HEADERS_TOO_LARGE"],
  [
    "ten thousand headers",
    `GET /v1/runs HTTP/1.1\r\n${Array.from({ length: 10_000 }, (_, n) => `X-${n}: a\r\n`).join("")}${end}`,
    431,
    "HEADERS_TOO_LARGE",
  ],
  ["a huge path", `GET /v1/runs/${"a".repeat(200_000)} HTTP/1.1\r\n${end}`, 431, "HEADERS_TOO_LARGE"],
  ["a run id of 10,000 characters", `GET /v1/runs/${"a".repeat(10_000)} HTTP/1.1\r\n${end}`, 404, "RUN_NOT_FOUND"],
  [
    "a node id of 10,000 characters",
    `POST /v1/runs/r/nodes/${"n".repeat(10_000)}/approve HTTP/1.1\r\n${end}`,
    404,
    "NODE_NOT_FOUND",
  ],
  [
    "a signal name of 10,000 characters",
    `POST /v1/runs/r/signals/${"s".repeat(10_000)} HTTP/1.1\r\n${end}`,
    400,
    "INVALID_REQUEST",
  ],
  ["a NUL in a run id", `GET /v1/runs/a%00b HTTP/1.1\r\n${end}`, 404, "RUN_NOT_FOUND"],
  ["a NUL in a node id", `POST /v1/runs/r/nodes/a%00b/deny HTTP/1.1\r\n${end}`, 404, "NODE_NOT_FOUND"],
  ["a NUL in a signal name", `POST /v1/runs/r/signals/a%00b HTTP/1.1\r\n${end}`, 400, "INVALID_REQUEST"],
  ["an absolute URL of another host", `GET http://elsewhere/v1/runs HTTP/1.1\r\n${end}`, 403, "FORBIDDEN"],
  ["two slashes", `GET //v1/runs HTTP/1.1\r\n${end}`, 404, "NOT_FOUND"],
  ["dots that climb", `GET /v1/runs/../../etc/passwd HTTP/1.1\r\n${end}`, 404, "NOT_FOUND"],
  ["dots that climb, escaped", `GET /v1/runs/%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\n${end}`, 404, "NOT_FOUND"],
];

const withRun = forAllTests(async () => {
  const { logger, errors } = recordedErrors();
  const root = folder({ "echo.tsx": echo });
  const server = await serve(root, { logger });
  await server.complete("echo.tsx", {}, { runId: "r" });
  return { root, server, errors };
});

test.each(requests)("%s is refused with a code", async (_, request, status, code) => {
  const { root, server, errors } = withRun();
  const socket = await rawSocket(server.url);
  socket.write(request, "latin1");
  const [head, body] = (await readToEnd(socket)).split("\r\n\r\n") as [string, string];
  expect(head.split(" ", 2)).toEqual(["HTTP/1.1", String(status)]);
  for (const header of ["cache-control: no-store", "x-content-type-options: nosniff", "content-type: application/json"])
    expect(head.toLowerCase()).toContain(header);
  expect(head).toMatch(/^x-request-id: [0-9a-f-]{36}\r?$/im);
  expect(body).not.toContain(root);
  expect(Object.keys(JSON.parse(body).error)).toEqual(["code", "message", "details"]);
  expect(JSON.parse(body).error.code).toBe(code);
  expect((await server.get("/health")).status).toBe(200);
  expect(errors).toEqual([]);
});

/** [what, the request] */
const taken: [string, string][] = [
  ["dots that stay", `GET /v1/./../v1/runs HTTP/1.1\r\n${end}`],
  ["HTTP/1.0, which needs no Host", "GET /v1/runs HTTP/1.0\r\n\r\n"],
  ["an absolute URL", `GET http://localhost/v1/runs HTTP/1.1\r\n${end}`],
  ["a GET with a body", `GET /v1/runs HTTP/1.1\r\nContent-Length: 2\r\n${end}{}`],
];

const withoutRun = forAllTests(() => serve(folder()));

test.each(taken)("%s is served", async (_, request) => {
  const server = withoutRun();
  const socket = await rawSocket(server.url);
  socket.write(request);
  const text = await readToEnd(socket);
  expect(text).toStartWith("HTTP/1.1 200");
  expect(text).toEndWith("\r\n\r\n[]");
});

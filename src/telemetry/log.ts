import { createRequire } from "node:module";
import { isatty } from "node:tty";
import { inspect } from "node:util";
import type Pino from "pino";
import type { Logger } from "../engine/index.ts";
import { cutDetails, describeThrown, isError, readField } from "../errors/index.ts";
import { redactJson } from "../text/index.ts";
import { printable } from "../text/printable.ts";

export const logLevels = ["debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof logLevels)[number];

const stderr = 2;

/** For servers without a logger of their own that log at all: it is a tenth of what a server's start costs. */
const loadPino = () => createRequire(import.meta.url)("pino") as typeof Pino;

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/**
 * Creates a logger that writes one JSON object per line to stderr; on a terminal, lines for people. Neither has the
 * secrets of this process.
 */
export function createLogger(level: LogLevel): Logger {
  if (level === "silent") return silent;
  const pino = loadPino();
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: describeForLog },
  };
  return pino(options, isatty(stderr) ? { write: (line: string) => show(redactJson(line)) } : toStderr(pino));
}

/** pino's own serializer reads an error's fields without guards and without limits. */
function describeForLog(thrown: unknown): unknown {
  if (!isError(thrown)) return cutDetails(thrown);
  const { name: type, code, foreignCode, ...described } = describeThrown(thrown);
  return { type, ...described, code: code ?? foreignCode, details: cutDetails(readField(thrown, "details")) };
}

function toStderr(pino: typeof Pino): Pino.DestinationStream {
  const out = pino.destination({ fd: stderr, sync: true });
  // The reader of the log may end before the server does.
  out.on("error", () => {});
  return { write: (line) => void out.write(redactJson(line)) };
}

/** Prints a log line for people, with an error's stack below it. */
function show(line: string): void {
  const { time, level, msg, ...facts } = JSON.parse(line);
  const stack: string | undefined = facts.err?.stack;
  delete facts.err?.stack;
  const about =
    Object.keys(facts).length > 0 ? ` ${inspect(facts, { colors: true, breakLength: Number.POSITIVE_INFINITY })}` : "";
  const text = `${time.slice(11, 19)} ${level.padEnd(5)} ${msg}${about}\n${stack ? `${stack}\n` : ""}`;
  process.stderr.write(printable(text));
}

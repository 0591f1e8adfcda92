import type { LogLevel } from "../../telemetry/index.ts";
import { type CommandContext, defineCommand, type ExitCode } from "../command.ts";
import { usageError } from "../errors.ts";
import { allowedCallers, allowNetwork, wholeNumber } from "../options.ts";

interface Options {
  readonly port?: number;
  readonly host?: string;
  readonly db?: string;
  readonly authToken?: string;
  readonly root?: string;
  readonly allowNetwork?: boolean;
  readonly insecure?: boolean;
  readonly allowHost?: readonly string[];
  readonly allowOrigin?: readonly string[];
  readonly maxBodyBytes?: number;
  readonly headersTimeout?: number;
  readonly requestTimeout?: number;
  readonly shutdownGrace?: number;
  readonly retention?: string;
  readonly synchronous?: "full" | "normal";
  readonly logLevel?: LogLevel;
}

const ms = wholeNumber(0);

export const server = defineCommand<Options>({
  name: "server",
  group: "Run workflows",
  summary: "Serve all workflows of a folder over HTTP, until Ctrl+C",
  description: "The options are those of startServer. Its log goes to stderr, one JSON object a line.",
  options: [
    { flags: "-p, --port <port>", description: "0 picks a free one (7331)", parse: wholeNumber(0, 65_535) },
    { flags: "--host <address>", description: "another than a loopback one needs a token (127.0.0.1)" },
    { flags: "--db <file>", description: "the database; smithers.db in --root when absent, made when there is none" },
    { flags: "--auth-token <token>", description: "what requests must show; also SMITHERS_API_KEY" },
    { flags: "--root <folder>", description: "what workflow paths and tools are confined to; this folder when absent" },
    allowNetwork,
    { flags: "--insecure", description: "serve other machines without a token" },
    ...allowedCallers,
    { flags: "--max-body-bytes <n>", description: "of a request (1048576)", parse: wholeNumber(1) },
    { flags: "--headers-timeout <ms>", description: "for all headers of a request to come (30000)", parse: ms },
    { flags: "--request-timeout <ms>", description: "for a whole request to come (60000)", parse: ms },
    { flags: "--shutdown-grace <ms>", description: "for attempts to end once it is to end (5000)", parse: ms },
    { flags: "--retention <time>", description: "how long ended runs are kept, as 30d; for ever when absent" },
    { flags: "--synchronous <mode>", description: "what a commit survives (full)", choices: ["full", "normal"] },
    {
      flags: "--log-level <level>",
      description: "also SMITHERS_LOG_LEVEL (info)",
      choices: ["debug", "info", "warn", "error", "silent"],
    },
  ],
  json: "value",
  examples: [
    ["server", "serve this folder at http://127.0.0.1:7331"],
    ["server --host 0.0.0.0 --auth-token secret", "serve other machines as well"],
  ],
  run: serve,
});

async function serve({ out }: CommandContext, options: Options): Promise<ExitCode | undefined> {
  const [
    { once },
    { resolve },
    { startServer, notListening, resolveServerOptions },
    { openDatabase },
    { isSmithersError },
  ] = await Promise.all([
    import("node:events"),
    import("node:path"),
    import("../../server/index.ts"),
    import("../../store/index.ts"),
    import("../../errors/index.ts"),
  ]);
  const { db, root, shutdownGrace, allowHost, allowOrigin, port = 7331, host = "127.0.0.1", ...rest } = options;
  const rootDir = resolve(root ?? ".");
  const file = resolve(db ?? `${rootDir}/smithers.db`);
  const given = {
    ...Object.fromEntries(Object.entries(rest).filter(([name]) => name !== "json")),
    port,
    host,
    rootDir,
    allowedHosts: allowHost,
    allowedOrigins: allowOrigin,
    ...(shutdownGrace === undefined ? {} : { shutdownGraceMs: shutdownGrace }),
  };
  let listening: ReturnType<typeof startServer>;
  try {
    // Before a database is made where it makes no sense.
    resolveServerOptions(given);
    listening = startServer({ ...given, db: openDatabase(file) });
  } catch (error) {
    if (isSmithersError(error) && error.code === "INVALID_OPTIONS") throw usageError(error.message);
    throw error;
  }
  try {
    await once(listening, "listening");
  } catch (cause) {
    throw notListening({ host, port }, cause as NodeJS.ErrnoException);
  }
  const address = listening.address() as { address: string; family: string; port: number };
  const url = `http://${address.family === "IPv6" ? `[${address.address}]` : address.address}:${address.port}`;
  if (out.isJson) out.json({ url, db: file, rootDir, pid: process.pid });
  else out.line(`Serving ${rootDir} at ${url}, until Ctrl+C.`);
  out.surviveClosedPipe();
  // A signal ends the process once the server is closed.
  await once(listening, "close");
  await new Promise(() => {});
  return undefined;
}

import { withoutPassword } from "../../store/postgres/url.ts";
import type { LogLevel } from "../../telemetry/index.ts";
import { type CommandContext, defineCommand, type ExitCode } from "../command.ts";
import { asUsageError } from "../errors.ts";
import { allowedCallers, authTokenFile, list, type ToolOptions, toolOptions, wholeNumber } from "../options.ts";
import { absoluteDatabase, namedDatabase } from "../source/find-database.ts";

interface Options extends ToolOptions {
  readonly port?: number;
  readonly host?: string;
  readonly db?: string;
  readonly authToken?: string;
  readonly authTokenFile?: string;
  readonly root?: string;
  readonly workflows?: readonly string[];
  readonly dashboard?: boolean;
  readonly insecure?: boolean;
  readonly allowHost?: readonly string[];
  readonly allowOrigin?: readonly string[];
  readonly maxBodyBytes?: number;
  readonly headersTimeout?: number;
  readonly requestTimeout?: number;
  readonly shutdownGrace?: number;
  readonly retention?: string;
  readonly isolation?: "process" | "none";
  readonly maxConcurrency?: number;
  readonly maxWorkers?: number;
  readonly workerTimeout?: number;
  readonly workerMemory?: number;
  readonly synchronous?: "full" | "normal";
  readonly logLevel?: LogLevel;
}

const ms = wholeNumber(0);

export const server = defineCommand<Options>({
  name: "server",
  group: "Run workflows",
  summary: "Serve the workflows of a folder over HTTP, until Ctrl+C",
  description: "The options are those of startServer. The log goes to stderr, one JSON object per line.",
  options: [
    {
      flags: "-p, --port <port>",
      description: "port to listen on; 0 picks a free port (default: 7331)",
      parse: wholeNumber(0, 65_535),
    },
    {
      flags: "--host <address>",
      description: "address to listen on; one that is not loopback needs a token (default: 127.0.0.1)",
    },
    {
      flags: "--db <file>",
      description:
        "database file, created if missing, or postgres:// address; also SMITHERS_DB (default: smithers.db in --root)",
    },
    { flags: "--auth-token <token>", description: "token that requests must send; also SMITHERS_API_KEY" },
    authTokenFile("file with the token, which only its owner and its group may read"),
    {
      flags: "--root <folder>",
      description: "folder that workflow paths and tools are confined to (default: the current folder)",
    },
    {
      flags: "--workflows <glob>",
      description: "files that may be started, in --root; repeatable (default: all that are not in node_modules)",
      parse: list,
    },
    ...toolOptions,
    { flags: "--no-dashboard", description: "do not serve the web page at /dashboard/" },
    { flags: "--insecure", description: "serve other machines without a token" },
    ...allowedCallers,
    {
      flags: "--max-body-bytes <n>",
      description: "largest request body, in bytes (default: 1048576)",
      parse: wholeNumber(1),
    },
    { flags: "--headers-timeout <ms>", description: "time to receive a request's headers (default: 30000)", parse: ms },
    { flags: "--request-timeout <ms>", description: "time to receive a whole request (default: 60000)", parse: ms },
    {
      flags: "--shutdown-grace <ms>",
      description: "time that running attempts get to end on shutdown (default: 5000)",
      parse: ms,
    },
    { flags: "--retention <time>", description: "delete runs this long after they end, such as 30d (default: never)" },
    {
      flags: "--isolation <where>",
      description:
        "where the code of workflow files runs: process, in worker processes; none, in the server's own (default: process)",
      choices: ["process", "none"],
    },
    {
      flags: "--max-concurrency <n>",
      description: "attempts of all runs at once (default: no limit)",
      parse: wholeNumber(1),
    },
    {
      flags: "--max-workers <n>",
      description: "worker processes at once (default: one per processor, at least 2)",
      parse: wholeNumber(1),
    },
    {
      flags: "--worker-timeout <ms>",
      description: "how long a worker may answer nothing before it is killed (default: 30000)",
      parse: wholeNumber(100),
    },
    {
      flags: "--worker-memory <mb>",
      description: "most memory of one worker, in MB (default: half of the machine's or container's, at least 1024)",
      parse: wholeNumber(128),
    },
    {
      flags: "--synchronous <mode>",
      description: "what commits survive: full, a power cut; normal, a crash of the process (default: full)",
      choices: ["full", "normal"],
    },
    {
      flags: "--log-level <level>",
      description: "least severe level that is logged; also SMITHERS_LOG_LEVEL (default: info)",
      choices: ["debug", "info", "warn", "error", "silent"],
    },
  ],
  json: "value",
  examples: [
    ["server", "serve the current folder at http://127.0.0.1:7331"],
    ["server --host 0.0.0.0 --auth-token-file ~/.smithers-token", "serve other machines too"],
  ],
  run,
});

async function run({ out }: CommandContext, options: Options): Promise<ExitCode | undefined> {
  const [{ once }, { resolve }, { serve, notListening }, { isSmithersError }] = await Promise.all([
    import("node:events"),
    import("node:path"),
    import("../../server/index.ts"),
    import("../../errors/index.ts"),
  ]);
  const {
    db,
    root,
    shutdownGrace,
    workerTimeout,
    workerMemory,
    allowHost,
    allowOrigin,
    port = 7331,
    host = "127.0.0.1",
    ...rest
  } = options;
  const rootDir = resolve(root ?? ".");
  const file = absoluteDatabase(namedDatabase(db) ?? `${rootDir}/smithers.db`);
  const given = {
    ...Object.fromEntries(Object.entries(rest).filter(([name]) => name !== "json")),
    port,
    host,
    rootDir,
    allowedHosts: allowHost,
    allowedOrigins: allowOrigin,
    ...(shutdownGrace === undefined ? {} : { shutdownGraceMs: shutdownGrace }),
    ...(workerTimeout === undefined ? {} : { workerTimeoutMs: workerTimeout }),
    ...(workerMemory === undefined ? {} : { workerMemoryMb: workerMemory }),
  };
  let started: ReturnType<typeof serve>;
  try {
    // Invalid options fail before a database file is created.
    started = serve({ ...given, db: file });
  } catch (error) {
    throw asUsageError(error);
  }
  const { server, ready } = started;
  // The promise is awaited below.
  server.on("error", () => {});
  try {
    await ready;
  } catch (cause) {
    if (isSmithersError(cause)) throw cause;
    throw notListening({ host, port }, cause as NodeJS.ErrnoException);
  }
  const address = server.address() as { address: string; family: string; port: number };
  const url = `http://${address.family === "IPv6" ? `[${address.address}]` : address.address}:${address.port}`;
  if (out.isJson) out.json({ url, db: withoutPassword(file), rootDir, pid: process.pid });
  else out.line(`Serving ${rootDir} at ${url}. Press Ctrl+C to stop.`);
  out.surviveClosedPipe();
  // A signal ends the process once the server is closed.
  await once(server, "close");
  await new Promise(() => {});
  return undefined;
}

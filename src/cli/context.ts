import { readTokenFile } from "../files/index.ts";
import { withoutPassword } from "../store/postgres/url.ts";
import type { CommandContext, CommandDefinition, StateLocation } from "./command.ts";
import { asUsageError, usageError } from "./errors.ts";
import type { DatabaseSource } from "./source/database.ts";
import { namedDatabase } from "./source/find-database.ts";
import type { Source } from "./source/source.ts";
import { shellWords } from "./terminal/format.ts";
import type { TerminalOutput } from "./terminal/output.ts";

/** The options that say where the state is. */
export interface LocationOptions {
  readonly db?: string;
  readonly url?: string;
  readonly token?: string;
  readonly authTokenFile?: string;
  readonly root?: string;
}

/**
 * Reads the location of the state from the options and the environment.
 * @throws INVALID_USAGE when an option is empty, or the token file cannot be used
 */
export function locateState({ db, url, token, authTokenFile }: LocationOptions): StateLocation {
  const given = { db, url, token, "auth-token-file": authTokenFile };
  const empty = Object.entries(given).find(([, value]) => value?.trim() === "");
  if (empty) throw usageError(`The option --${empty[0]} is empty.`);
  const repeatable = { db, url, "auth-token-file": url === undefined ? undefined : authTokenFile };
  const flags = Object.entries(repeatable).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`, withoutPassword(value)],
  );
  const server = url ?? (db === undefined ? process.env.SMITHERS_URL || undefined : undefined);
  const fromFile = server === undefined || authTokenFile === undefined ? undefined : tokenIn(authTokenFile);
  const database = server === undefined ? namedDatabase(db) : undefined;
  return { db: database, url: server, token: token ?? fromFile ?? (process.env.SMITHERS_API_KEY || undefined), flags };
}

function tokenIn(file: string): string {
  try {
    return readTokenFile(file);
  } catch (error) {
    throw asUsageError(error);
  }
}

/** The context of one command, with a way to close it. */
export class Context implements CommandContext {
  readonly out: TerminalOutput;
  readonly location: StateLocation;
  readonly #command: CommandDefinition;
  readonly #root: string | undefined;
  #source: Promise<Source> | undefined;

  constructor(command: CommandDefinition, options: LocationOptions, out: TerminalOutput) {
    this.#command = command;
    this.#root = options.root;
    this.out = out;
    this.location = locateState(options);
  }

  source(): Promise<Source> {
    this.#source ??= this.#open();
    return this.#source;
  }

  async database(): Promise<DatabaseSource> {
    if (this.location.url !== undefined) {
      throw usageError(
        `The server's API does not support ${this.#command.name}. Run the command where the database is, with --db instead of --url.`,
      );
    }
    return (await this.source()) as DatabaseSource;
  }

  async runId(given: string | undefined): Promise<string> {
    const [{ latestRun, resolveRun }, source] = await Promise.all([import("./source/resolve-run.ts"), this.source()]);
    if (given !== undefined && given !== latestRun) return resolveRun(source, given);
    const runId = await resolveRun(source, latestRun);
    this.out.say(this.out.styleNote("dim", `Latest run: ${runId}`));
    return runId;
  }

  commandLine(...words: readonly string[]): string {
    return shellWords([...calledAs(), ...words, ...this.location.flags]);
  }

  async close(): Promise<void> {
    const source = await this.#source?.catch(() => undefined);
    await source?.close();
  }

  #open(): Promise<Source> {
    return openSource(this.location, this.#root, (text) => this.out.say(this.out.styleNote("dim", text)));
  }
}

/** How this command was called. What npx finds in a project is not on the PATH. */
function calledAs(): string[] {
  return process.env.npm_command === "exec" ? ["npx", "smithers"] : ["smithers"];
}

/**
 * Opens the state at a location.
 * @param root folder that workflow paths are relative to; default: the database's folder
 * @param say called with a note when several databases could be meant
 * @throws DB_*, INVALID_USAGE
 */
export async function openSource(
  { db, url, token }: StateLocation,
  root?: string,
  say: (text: string) => void = () => {},
): Promise<Source> {
  if (url !== undefined) {
    const { ServerSource } = await import("./source/server.ts");
    return new ServerSource(url, token);
  }
  const [{ chosenDatabase, shortPath }, { DatabaseSource }] = await Promise.all([
    import("./source/find-database.ts"),
    import("./source/database.ts"),
  ]);
  const { file, others } = chosenDatabase(db);
  if (others.length > 0) {
    say(
      `Reading the nearest database, ${shortPath(file)}. Use --db to read another: ${others.map(shortPath).join(", ")}`,
    );
  }
  return DatabaseSource.open(file, root, others);
}

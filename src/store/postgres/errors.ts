import { type ErrorCode, isSmithersError, messageOf, readField, SmithersError } from "../../errors/index.ts";

/** What a SQLSTATE, or the class that it begins with, means: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const meanings: Readonly<Record<string, readonly [code: ErrorCode, advice: string]>> = {
  "53100": ["DB_FULL", "Free disk space on the database server; the runs then continue, or can be resumed."],
  "53300": ["DB_UNAVAILABLE", "Raise max_connections, or close other connections; it will be tried again."],
  "25006": ["DB_READ_ONLY", "The server is a standby or read-only; connect to the primary."],
  "42501": ["DB_UNAVAILABLE", "Let the role own the schema, or create in the database."],
  "3D000": ["DB_UNAVAILABLE", "Create the database, or name another one."],
  "40001": ["DB_BUSY", "Try again."],
  "40P01": ["DB_BUSY", "Try again."],
  "55P03": ["DB_BUSY", "Try again, and look for a long transaction."],
  "08": ["DB_UNAVAILABLE", "Check that the database server is running and can be reached; it will be tried again."],
  "28": ["DB_UNAVAILABLE", "Check the user, the password and pg_hba.conf."],
  "53": ["DB_UNAVAILABLE", "The database server lacks resources; it will be tried again."],
  "57P": ["DB_UNAVAILABLE", "The database server is stopping or starting; it will be tried again."],
  "57": ["DB_UNAVAILABLE", "The statement was cancelled; it will be tried again."],
  "58": ["DB_UNAVAILABLE", "Look into the log of the database server."],
  XX001: ["DB_CORRUPT", "Restore the database from a backup."],
  XX002: ["DB_CORRUPT", "Restore the database from a backup, or rebuild the index."],
};

/** What the libraries and the operating system call a connection that cannot be made, or has ended. */
const connectionCodes =
  /^(CONNECT|ECONN|EPIPE|ENOTFOUND|EAI_|EHOST|ENET|ETIMEDOUT|ENOENT|EACCES|ERR_POSTGRES_CONNECTION|ERR_POSTGRES_IDLE|ERR_POSTGRES_LIFETIME|ERR_POSTGRES_QUERY_CANCELLED|ERR_SOCKET|ERR_TLS|ERR_SSL|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|CERT_)/;
const connectionMessages =
  /^(Connection terminated|Client has encountered a connection error|timeout exceeded when trying)/;

/** The SQLSTATE that the server answered; undefined when the error does not come from the server. */
export function sqlState(thrown: unknown): string | undefined {
  // Bun.SQL puts it into `errno`.
  for (const name of ["errno", "code"]) {
    const value = readField(thrown, name);
    if (typeof value === "string" && /^[0-9A-Z]{5}$/.test(value) && !/^E[A-Z]{4}$/.test(value)) return value;
  }
  return undefined;
}

/** Whether it is unknown whether the server has carried the statement out. */
export function isInDoubt(thrown: unknown): boolean {
  const state = sqlState(thrown);
  // The server says that it ends the session, perhaps after it has committed.
  if (state !== undefined) return /^(57P01|57P02|57P05|08...)$/.test(state);
  return isConnectionFailure(thrown) && readField(thrown, "code") !== "ECONNREFUSED";
}

/** Whether the same statement may succeed at once: it was in the way of another one. */
export function isConflict(thrown: unknown): boolean {
  return ["40001", "40P01"].includes(sqlState(thrown) ?? "");
}

/** Whether a prepared statement is unknown to the connection, as behind a pooler that changes it at each transaction. */
export function isForgottenStatement(thrown: unknown): boolean {
  return ["26000", "42P05"].includes(sqlState(thrown) ?? "");
}

const lostCodes = /^(CONNECTION_(CLOSED|ENDED|DESTROYED)|ECONNRESET|EPIPE|ERR_POSTGRES_CONNECTION_CLOSED)$/;

/** Whether a connection that stood has ended, so that another one may serve at once. */
export function isLostConnection(thrown: unknown): boolean {
  const state = sqlState(thrown);
  if (state !== undefined) return /^57P0[15]$/.test(state);
  return lostCodes.test(String(readField(thrown, "code"))) || /^Connection terminated/.test(messageOf(thrown));
}

/** Whether something waited too long for a lock, which an administrator may hold. */
export function isLocked(thrown: unknown): boolean {
  return sqlState(thrown) === "55P03";
}

function isConnectionFailure(thrown: unknown): boolean {
  const code = readField(thrown, "code");
  if (typeof code === "string" && connectionCodes.test(code)) return true;
  return connectionMessages.test(messageOf(thrown));
}

/** Turns what a library throws into the package's own codes; anything else passes unchanged. */
export function fromPostgresError(thrown: unknown): unknown {
  if (isSmithersError(thrown)) return thrown;
  const state = sqlState(thrown);
  if (state !== undefined) {
    const known = [5, 3, 2].map((length) => meanings[state.slice(0, length)]).find((meaning) => meaning !== undefined);
    if (!known) return thrown;
    const [code, advice] = known;
    return new SmithersError(code, `Postgres returned ${state}: ${sentence(messageOf(thrown))}`, {
      cause: thrown,
      advice,
    });
  }
  if (!isConnectionFailure(thrown)) return thrown;
  const [code, advice] = meanings["08"]!;
  const reason = readField(thrown, "code");
  return new SmithersError(
    code,
    `There is no connection to Postgres${typeof reason === "string" ? ` (${reason})` : ""}.`,
    {
      cause: thrown,
      advice,
    },
  );
}

const sentence = (text: string) => (/[.!?]$/.test(text) ? text : `${text}.`);

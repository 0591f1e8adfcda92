import { SmithersError } from "../../errors/index.ts";

/** Default schema of the tables. */
export const defaultSchema = "smithers";

/** Whether a text is the address of a Postgres database. */
export function isPostgresUrl(text: string): boolean {
  return /^postgres(ql)?:\/\//i.test(text);
}

/** An address as people may see it: without the password. */
export function withoutPassword(url: string): string {
  return url.replace(/^(\w+:\/\/[^:@/?#]*):[^@/?#]*@/, "$1@").replace(/([?&](?:password|sslpassword)=)[^&]*/gi, "$1…");
}

/** A parsed address: what the library gets, and what is the package's own. */
export interface PostgresAddress {
  /** One address for each server that is named, without the package's own parameters. */
  readonly urls: readonly string[];
  readonly schema: string;
  /** As the server gets it; undefined without one. */
  readonly password: string | undefined;
}

/**
 * Reads an address. Its parameter `schema` names the schema of the tables.
 * @throws INVALID_OPTIONS
 */
export function parseAddress(text: string, schema?: string): PostgresAddress {
  if (!URL.canParse(text) && !/^postgres(ql)?:\/\/[^/?]*,/i.test(text)) {
    throw new SmithersError("INVALID_OPTIONS", "The address of the database is not valid.", {
      advice: "Use one such as postgres://user@host:5432/database.",
    });
  }
  refuseBadEscape(text);
  const [before, query = ""] = text.split("?", 2) as [string, string?];
  const params = new URLSearchParams(query);
  const named = params.get("schema");
  params.delete("schema");
  // Among several servers, the one that takes writes is looked for in any case.
  params.delete("target_session_attrs");
  const rest = params.toString();
  const password = /^\w+:\/\/[^:@/?#]*:([^@/?#]+)@/.exec(before)?.[1];
  return {
    urls: eachServer(rest === "" ? before : `${before}?${rest}`),
    schema: schema ?? named ?? defaultSchema,
    password: password && decodeURIComponent(password),
  };
}

/** The client library decodes each part, and its error would show the part, which may be the password. */
function refuseBadEscape(text: string): void {
  try {
    for (const part of text.split(/[/:@?&=#,]/)) decodeURIComponent(part);
  } catch {
    throw new SmithersError(
      "INVALID_OPTIONS",
      "The address of the database has a % that no encoded character follows. Write %25 for a % of the password.",
    );
  }
}

/** Splits `postgres://user@a:5432,b:5432/database` into an address for each server. */
function eachServer(url: string): string[] {
  const [, user = "", servers = "", rest = ""] = /^(\w+:\/\/(?:[^@/?#]*@)?)([^/?#]*)(.*)$/.exec(url) ?? [];
  return servers.split(",").map((server) => `${user}${server}${rest}`);
}

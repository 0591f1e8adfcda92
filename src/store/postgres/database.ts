import type { SmithersError } from "../../errors/index.ts";
import { type Parameter, type PgClient, queryWithin } from "./client.ts";
import { fromPostgresError } from "./errors.ts";
import { answerGraceMs, readWithinMs } from "./limits.ts";
import { quoteName } from "./quote.ts";
import { encodeText, parseDecoded } from "./text.ts";
import { tryAgain } from "./try-again.ts";

/** A value of a parameter; the statement casts it from text: `$1::text::bigint`. */
export type Value = string | number | null;

export interface DatabaseParts {
  readonly reader: PgClient;
  /** For statements that may take long. May be the same client. */
  readonly patient: PgClient;
  readonly schema: string;
}

/** The schema of one store, for reading. Rejects with a `DB_*` code when the database fails. */
export class Database {
  readonly client: PgClient;
  readonly schema: string;
  /** The damage that was found. It is never cleared. */
  damage: SmithersError | undefined;
  readonly #patient: PgClient;
  readonly #prefix: string;
  readonly #qualified = new Map<string, string>();

  constructor({ reader, patient, schema }: DatabaseParts) {
    this.client = reader;
    this.#patient = patient;
    this.schema = schema;
    this.#prefix = `${quoteName(schema)}._smithers_`;
  }

  /** Runs one statement that answers with one JSON text, which may be NULL. Tables are named without the schema. */
  async read<T>(sql: string, ...params: Value[]): Promise<T | undefined> {
    const [text] = await this.texts(sql, ...params);
    return text === null || text === undefined ? undefined : (parseDecoded(text) as T);
  }

  /** Runs one statement as {@link read} does, for an answer that is never NULL. */
  async one<T>(sql: string, ...params: Value[]): Promise<T> {
    const found = await this.read<T>(sql, ...params);
    if (found === undefined) throw new Error(`A statement had no answer: ${sql}`);
    return found;
  }

  /** Runs one statement, and returns the texts of its only column. One that changes rows may be carried out twice. */
  async texts(sql: string, ...params: Value[]): Promise<(string | null)[]> {
    return this.#run(() => queryWithin(this.client, readWithinMs + answerGraceMs, ...this.#encode(sql, params)));
  }

  /** Runs one statement as `texts` does, for as long as it takes. */
  async textsOfLong(sql: string, ...params: Value[]): Promise<(string | null)[]> {
    return this.#run(() => this.#patient.query(...this.#encode(sql, params)));
  }

  #encode(sql: string, params: readonly Value[]): [string, Parameter[]] {
    return [this.qualify(sql), params.map(toParameter)];
  }

  async #run(query: () => Promise<(string | null)[]>): Promise<(string | null)[]> {
    try {
      return await tryAgain(query);
    } catch (error) {
      const thrown = fromPostgresError(error) as SmithersError;
      if (thrown.code === "DB_CORRUPT") this.damage = thrown;
      throw thrown;
    }
  }

  /** Names the tables and functions of a statement with their schema. */
  qualify(sql: string): string {
    let qualified = this.#qualified.get(sql);
    if (qualified === undefined) {
      qualified = sql.replaceAll(/\b_smithers_/g, this.#prefix);
      this.#qualified.set(sql, qualified);
    }
    return qualified;
  }
}

function toParameter(value: Value): Parameter {
  return value === null ? null : encodeText(String(value));
}

/** A value that a SQL parameter may have. */
export type SqlValue = string | number | null;

/**
 * What the store asks of a database library. Statements are prepared once per text.
 * Every method throws what the library throws; the store turns that into its own codes.
 */
export interface Driver {
  /** The file that it is kept in; ":memory:" and "" have none. */
  readonly filename: string;
  /** Equal for drivers of this process on one database: the file, or a name of the connection itself. */
  readonly id: string;
  all<Row>(sql: string, ...params: SqlValue[]): Row[];
  get<Row>(sql: string, ...params: SqlValue[]): Row | undefined;
  /** Runs one statement and tells how many rows it changed. */
  run(sql: string, ...params: SqlValue[]): number;
  /** Runs any number of statements without parameters. */
  exec(sql: string): void;
  /** Changes whenever another connection has committed. */
  dataVersion(): number;
  /** Ends the connection, unless it belongs to the caller who handed it in. */
  close(): void;
}

/** A value that a SQL parameter may have. */
export type SqlValue = string | number | null;

/**
 * A connection to a SQLite database. Statements are prepared once per text. Every method throws what the library throws;
 * {@link SqliteLibrary.toStoreError} turns that into the package's own codes.
 */
export interface Driver {
  /** The database's file; empty for a database in memory. */
  readonly filename: string;
  /** Equal for drivers of this process on one database: the file, or a name of the connection itself. */
  readonly id: string;
  all<Row>(sql: string, ...params: SqlValue[]): Row[];
  get<Row>(sql: string, ...params: SqlValue[]): Row | undefined;
  /** Runs one statement. @returns the number of rows that it changed */
  run(sql: string, ...params: SqlValue[]): number;
  /** Runs any number of statements without parameters. */
  exec(sql: string): void;
  /** Changes whenever another connection has committed. */
  dataVersion(): number;
  /** Ends the connection, unless it belongs to the caller who handed it in. */
  close(): void;
}

/** The SQLite library of a runtime. */
export interface SqliteLibrary {
  /** Opens, or creates, the database in the file `path`. */
  open(path: string): Driver;
  /**
   * Whether a value works as a connection of this library, judged by its shape: it may come from another copy of the
   * library, or wrap a connection. Never throws.
   */
  isConnection(value: unknown): boolean;
  /** Uses a connection that the caller has opened, and will close. */
  borrow(connection: unknown): Driver;
  /** Turns what the library throws into the package's own codes; anything else passes unchanged. */
  toStoreError(thrown: unknown): unknown;
  /** Whether another connection holds the write lock: the same call may succeed later. */
  isBusy(thrown: unknown): boolean;
  /** Whether a second row of the same key was refused. */
  isDuplicateKey(thrown: unknown): boolean;
}

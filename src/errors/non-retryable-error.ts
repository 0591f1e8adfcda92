/**
 * An error that ends a task at once, however many retries it has left: another attempt would fail the same way.
 *
 * @example
 * if (response.status === 404) throw new NonRetryableError(`There is no repository ${name}.`);
 */
export class NonRetryableError extends Error {
  override readonly name: string = "NonRetryableError";
  /** What the engine looks at; any other error with this property is treated in the same way. */
  readonly retryable = false;

  /** @param options `cause`: the error that this one explains */
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
  }
}

const codes: ReadonlySet<unknown> = new Set(["EMFILE", "ENFILE", "ENOMEM"]);

/**
 * Rethrows the error of a system that has run out of descriptors or memory. Such an error says nothing about a file, so
 * what protects files must not take the file for missing.
 */
export function throwIfExhausted(error: unknown): void {
  if (codes.has((error as NodeJS.ErrnoException | undefined)?.code)) throw error;
}

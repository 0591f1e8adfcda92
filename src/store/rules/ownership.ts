import type { KnownDatabase } from "../maintenance.ts";

/** What is at the path of a known database. */
export type FoundDatabase = Omit<KnownDatabase, "path" | "databaseId"> & { readonly databaseId: string };

/** Recorded instead of an identity that no longer counts. No database has it. */
const noIdentity = "";

/** Whether the owner has to say so before a database at this path is used. */
export const mustBeTrusted = (known: KnownDatabase): boolean => known.databaseId === noIdentity;

/**
 * Whether the file at a known path may be the recorded database, judged without opening it. It must be the same file:
 * a command could put a copy in its place. Only when the main database is another file too, the owner has copied or
 * restored both.
 */
export function mayBeRecorded(known: KnownDatabase, found: Omit<FoundDatabase, "databaseId">): boolean {
  // Recorded by a release that knew no identities.
  if (known.databaseId === null) return true;
  return !mustBeTrusted(known) && (known.fileKey === found.fileKey || known.mainFileKey !== found.mainFileKey);
}

/** Whether the database found at a known path is the recorded one. */
export function isRecorded(known: KnownDatabase, found: FoundDatabase): boolean {
  return mayBeRecorded(known, found) && (known.databaseId === null || known.databaseId === found.databaseId);
}

/** What is recorded once a database's file was missing, or its owner has withdrawn the trust in it. */
export function untrusted(known: KnownDatabase): KnownDatabase {
  return { ...known, databaseId: noIdentity, fileKey: null };
}

/** Replaces halves of surrogate pairs, as cutting a text in the middle of a character leaves them. SQLite stores no such text. */
export function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, "\ufffd");
}

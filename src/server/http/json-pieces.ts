import { JsonText, LargeJson } from "../../model/index.ts";

/** A part of a JSON text. */
export type JsonPiece = string | LargeJson;

/**
 * The JSON of a value, in pieces that follow one another. A {@link JsonText} or {@link LargeJson} that is a field of the
 * value is a piece of its own, so that a large one is neither parsed nor copied.
 */
export function jsonPieces(value: unknown): readonly JsonPiece[] {
  if (typeof value !== "object" || value === null) return [JSON.stringify(value)];
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  if (!fields.some(([, field]) => isPiece(field))) return [JSON.stringify(value)];
  const pieces: JsonPiece[] = [];
  let text = "{";
  for (const [index, [name, field]] of fields.entries()) {
    text += `${index === 0 ? "" : ","}${JSON.stringify(name)}:`;
    if (isPiece(field)) {
      pieces.push(text, field instanceof JsonText ? field.text : field);
      text = "";
    } else {
      text += JSON.stringify(field);
    }
  }
  return [...pieces, `${text}}`];
}

const isPiece = (field: unknown) => field instanceof JsonText || field instanceof LargeJson;

/** Size of the pieces together, in bytes. */
export function bytesOf(pieces: readonly JsonPiece[]): number {
  return pieces.reduce((sum, piece) => sum + (typeof piece === "string" ? Buffer.byteLength(piece) : piece.bytes), 0);
}

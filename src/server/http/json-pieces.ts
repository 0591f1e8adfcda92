import { JsonText } from "../../model/index.ts";

/**
 * The JSON of a value, in pieces that follow one another. A {@link JsonText} that is a field of the value is a piece of
 * its own, so that a large one is neither parsed nor copied.
 */
export function jsonPieces(value: unknown): readonly string[] {
  if (typeof value !== "object" || value === null) return [JSON.stringify(value)];
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  if (!fields.some(([, field]) => field instanceof JsonText)) return [JSON.stringify(value)];
  const pieces: string[] = [];
  let text = "{";
  for (const [index, [name, field]] of fields.entries()) {
    text += `${index === 0 ? "" : ","}${JSON.stringify(name)}:`;
    if (field instanceof JsonText) {
      pieces.push(text, field.text);
      text = "";
    } else {
      text += JSON.stringify(field);
    }
  }
  return [...pieces, `${text}}`];
}

/** The UTF-8 of pieces of text. */
export function bytesOf(pieces: readonly string[]): Buffer {
  const bytes = Buffer.allocUnsafe(lengthOf(pieces));
  let at = 0;
  for (const piece of pieces) at += bytes.write(piece, at);
  return bytes;
}

function lengthOf(pieces: readonly string[]): number {
  return pieces.reduce((sum, piece) => sum + Buffer.byteLength(piece), 0);
}

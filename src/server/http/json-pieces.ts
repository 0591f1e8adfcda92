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

/** Characters that become bytes at once. */
const sliceLength = 262_144;

/** The UTF-8 of pieces of text, in parts that are made when they are asked for. */
export function* slicesOf(pieces: readonly string[]): Generator<Buffer, void> {
  for (const piece of pieces) {
    for (let start = 0; start < piece.length; ) {
      const end = start + sliceLength;
      // Both halves of a surrogate pair are in one slice.
      const isHalf = end < piece.length && isHighSurrogate(piece.charCodeAt(end - 1));
      const slice = piece.slice(start, isHalf ? end - 1 : end);
      start += slice.length;
      yield Buffer.from(slice);
    }
  }
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}

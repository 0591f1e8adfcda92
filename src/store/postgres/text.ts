/**
 * Postgres refuses U+0000 in a text, and half of a surrogate pair in JSON. Both are stored as this character with what
 * it stands for. JSON texts never contain it: they escape control characters.
 */
const mark = "\u001a";

const halfPair = /\p{Surrogate}/u;
const refused = new RegExp(`[\0${mark}]|${halfPair.source}`, "gu");
const encoded = new RegExp(`${mark}([0-9a-f]{4})`, "g");

/** Whether Postgres takes a text as it is. */
export function isStorable(text: string): boolean {
  return !text.includes("\0") && !text.includes(mark) && !halfPair.test(text);
}

/** Makes a text storable; {@link decodeText} gives it back. */
export function encodeText(text: string): string {
  if (isStorable(text)) return text;
  return text.replace(refused, (one) => mark + one.charCodeAt(0).toString(16).padStart(4, "0"));
}

function decodeText(text: string): string {
  if (!text.includes(mark)) return text;
  return text.replaceAll(encoded, (_, code) => String.fromCharCode(Number.parseInt(code, 16)));
}

/** The escapes of JSON that Postgres refuses; each other escape is matched to be left alone. */
const refusedEscapes = /\\(?:u(0000|001a|d[89a-f][0-9a-f]{2})|.)/g;

/** Makes all texts in a JSON text storable, as {@link encodeText} does. */
export function encodeTexts(json: string): string {
  if (!json.includes("\\u")) return json;
  return json.replace(refusedEscapes, (all, code) => (code === undefined ? all : `\\u001a${code}`));
}

/** Parses JSON whose texts are encoded. */
export function parseDecoded(json: string): unknown {
  if (!json.includes("\\u001a")) return JSON.parse(json);
  return JSON.parse(json, (_, value) => (typeof value === "string" ? decodeText(value) : value));
}

import { redact, redactBeginning } from "../text/index.ts";
import { isError, readField } from "./read-field.ts";

/** Longest message of an error that is stored or sent, in bytes of UTF-8. */
export const maxMessageBytes = 16_384;
/** Largest details of an error that are stored or sent, in bytes of JSON. */
export const maxDetailsBytes = 65_536;
/** Longest text in details that have to be cut, in bytes: room is left for the fields after a long one. */
const maxTextBytes = 16_384;
/** For the marks of a cut. */
const reservedBytes = 1_024;
const maxDepth = 32;
const unreadable = "[unreadable]";
const utf8 = new TextEncoder();

/**
 * The beginning of a text without the secrets of this process, with a note that it was cut when it has more than
 * `maxBytes` bytes of UTF-8.
 */
export function cutText(text: string, maxBytes: number): string {
  return cutRedacted(redactBeginning(text, maxBytes), text.length, maxBytes);
}

/** Cuts a text that is redacted already: a secret that is cut apart would not be recognised. */
function cutRedacted(text: string, length: number, maxBytes: number): string {
  const isWhole = length <= maxBytes;
  if (isWhole && text.length * 3 <= maxBytes) return text;
  const { read } = utf8.encodeInto(text, new Uint8Array(maxBytes));
  if (isWhole && read === text.length) return text;
  const note = `… [cut: ${length} characters in all]`;
  const leftBytes = maxBytes - utf8.encode(note).length;
  if (leftBytes < 0) return text.slice(0, read);
  return text.slice(0, utf8.encodeInto(text, new Uint8Array(leftBytes)).read) + note;
}

/**
 * Details as they are stored: at most {@link maxDetailsBytes} of JSON. Details that are larger are cut, and have
 * `truncated: true`; those that are not an object are then the `value` of one. Never throws: what has no JSON form is
 * left out or becomes text (a BigInt, a cycle).
 */
export function cutDetails(details: unknown): unknown {
  return cutData(details, maxDetailsBytes);
}

/** Like {@link cutDetails}, to at most `maxBytes` of JSON, which must be more than 4 KB. Never throws. */
export function cutData(data: unknown, maxBytes: number): unknown {
  const copy = new JsonCopy(maxBytes, maxBytes);
  const whole = copy.of(data);
  if (!copy.isCut) return whole;
  const value = new JsonCopy(maxBytes - reservedBytes, Math.min(maxTextBytes, maxBytes / 2)).of(data);
  return isRecord(value) ? { ...value, truncated: true } : { value, truncated: true };
}

/** A copy of a value as JSON, cut to about `maxBytes`; undefined for what has no JSON form. Never throws. */
export function jsonWithin(value: unknown, maxBytes: number): unknown {
  return new JsonCopy(maxBytes, maxBytes / 4).of(value);
}

/** Any value as a text for a person, cut to `maxBytes`: a string as it is, an object as JSON. Never throws. */
export function textOf(value: unknown, maxBytes = maxMessageBytes): string {
  if (typeof value === "string") return cutText(value, maxBytes);
  if (typeof value === "function") return `[function ${cutText(String(readField(value, "name")), 256)}]`;
  if (typeof value !== "object" || value === null) return cutText(String(value), maxBytes);
  const copy = new JsonCopy(maxBytes - reservedBytes, maxBytes);
  const copied = copy.of(value);
  if (typeof copied === "string") return copied;
  const json = JSON.stringify(copied) ?? unreadable;
  // JSON shows nothing of a Map or a Promise.
  return cutText(json === "{}" ? tagText(value) : json + (copy.isCut ? "… [cut]" : ""), maxBytes);
}

/** What its own `toString` gives, or `[object Map]`; `{}` for an object of no special kind. */
function tagText(value: object): string {
  try {
    const own: unknown = readField(value, "toString");
    if (typeof own === "function" && own !== Object.prototype.toString) {
      const text: unknown = own.call(value);
      if (typeof text === "string" && text !== "") return text;
    }
    const text = Object.prototype.toString.call(value);
    return text === "[object Object]" ? "{}" : text;
  } catch {
    return "{}";
  }
}

/** Copies a value to plain JSON within a budget of bytes. Reads each property at most once and survives what throws. */
class JsonCopy {
  isCut = false;
  readonly #maxTextBytes: number;
  readonly #ancestors: object[] = [];
  #leftBytes: number;

  constructor(maxBytes: number, maxTextBytes: number) {
    this.#leftBytes = maxBytes;
    this.#maxTextBytes = maxTextBytes;
  }

  /** The copy; undefined for what JSON leaves out, as a function. */
  of(value: unknown): unknown {
    switch (typeof value) {
      case "string":
        return this.#text(value);
      case "bigint":
        return this.#text(String(value));
      case "number":
      case "boolean":
        this.#spend(String(value).length);
        // JSON has neither NaN and the infinities nor -0.
        return typeof value === "boolean" ? value : Number.isFinite(value) ? value + 0 : null;
      case "object":
        return value === null ? null : this.#object(value);
      default:
        return undefined;
    }
  }

  #object(value: object): unknown {
    if (this.#ancestors.includes(value)) return this.#text("[circular]");
    if (this.#ancestors.length >= maxDepth) {
      this.isCut = true;
      return this.#text("[nested too deep]");
    }
    this.#ancestors.push(value);
    try {
      if (ArrayBuffer.isView(value)) return this.#text(`[${value.byteLength} bytes]`);
      const own = ownJson(value);
      if (typeof own !== "object" || own === null) return this.of(own);
      return Array.isArray(own) ? this.#array(own) : this.#record(own);
    } catch {
      return this.#text(unreadable);
    } finally {
      this.#ancestors.pop();
    }
  }

  #array(value: readonly unknown[]): unknown[] {
    this.#spend(2);
    const copy: unknown[] = [];
    for (let index = 0; index < value.length; index += 1) {
      if (!this.#spend(1)) break;
      copy.push(this.of(readField(value, index)) ?? null);
    }
    return copy;
  }

  #record(value: object): Record<string, unknown> {
    this.#spend(2);
    // An error's own fields are not enumerable.
    const keys = isError(value) ? ["name", "message", ...Object.keys(value)] : Object.keys(value);
    const copy: Record<string, unknown> = {};
    for (const key of new Set(keys)) {
      if (!this.#spend(jsonBytes(key) + 2)) break;
      const field = this.of(readField(value, key));
      if (field !== undefined)
        Object.defineProperty(copy, redact(key), {
          value: field,
          enumerable: true,
          writable: true,
          configurable: true,
        });
    }
    return copy;
  }

  #text(given: string): string {
    const limit = Math.max(Math.min(this.#leftBytes - 2, this.#maxTextBytes), 0);
    const text = redactBeginning(given, limit);
    let kept = cutRedacted(text, given.length, limit);
    // A control character takes six bytes in JSON.
    if (jsonBytes(kept) > limit + 2) kept = cutRedacted(text, given.length, Math.floor(limit / 6));
    if (kept !== text || given.length > limit) this.isCut = true;
    this.#spend(jsonBytes(kept));
    return kept;
  }

  /** False when the budget is used up: what would follow is left out. */
  #spend(bytes: number): boolean {
    this.#leftBytes -= bytes;
    if (this.#leftBytes >= 0) return true;
    this.isCut = true;
    return false;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function jsonBytes(text: string): number {
  return utf8.encode(JSON.stringify(text)).length;
}

/** What the value's `toJSON` gives; the value itself when it has none, or one that throws. */
function ownJson(value: object): unknown {
  const toJson = readField(value, "toJSON");
  if (typeof toJson !== "function") return value;
  try {
    return toJson.call(value);
  } catch {
    return value;
  }
}

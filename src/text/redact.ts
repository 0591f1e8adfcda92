import { keptSecrets, knownSecrets } from "./known-secrets.ts";

/** What is shown in the place of a secret. */
export const redacted = "[redacted]";
/** The environment is read again after this time: a program may fill it while it runs. */
const freshMs = 250;
/** A longer secret is recognised by its beginning, so that a text costs at most this much per character. */
const comparedLength = 256;

/** Names of fields and headers whose values are never shown. */
const secretFields: readonly string[] = [
  "authorization",
  "proxy-authorization",
  "x-smithers-key",
  "x-api-key",
  "cookie",
  "set-cookie",
  "token",
  "authToken",
  "apiKey",
  "password",
  "secret",
];
const lowerFields: ReadonlySet<string> = new Set(secretFields.map((name) => name.toLowerCase()));
const secretFieldInJson = new RegExp(`"(?:[^"]*\\.)?(?:${secretFields.join("|")})":`, "i");

interface Pattern {
  readonly of: string;
  readonly secret: RegExp;
  readonly longest: number;
  readonly kept: number;
  readonly madeAtMs: number;
}

let current: Pattern | undefined;

/**
 * Removes the secrets of this process from a text, any text after `Bearer`, and the password of an address. The time
 * grows linearly with the text.
 */
export function redact(text: string): string {
  if (text.length < 8) return text;
  return text
    .replace(pattern().secret, redacted)
    .replace(/(\bBearer[ \t]{1,16})[\w.~+/=-]+/gi, `$1${redacted}`)
    .replace(/(:\/\/[^\s/:@"'<>]{0,256}:)[^\s/@"'<>]{1,256}@/g, `$1${redacted}@`);
}

/** The beginning of a text without secrets, enough to be cut to `length` characters: none is cut apart before. */
export function redactBeginning(text: string, length: number): string {
  return redact(text.slice(0, length + pattern().longest));
}

/** Whether a field or an attribute holds a secret, judged by the last word of its name. */
export function isSecretField(name: string): boolean {
  return lowerFields.has(name.slice(name.lastIndexOf(".") + 1).toLowerCase());
}

/** Redacts the texts in plain data, names and numbers included, and the values of secret fields. */
function redactValue(value: unknown): unknown {
  if (typeof value === "string") return redact(value);
  if (typeof value === "number") return redact(String(value)) === String(value) ? value : redacted;
  if (Array.isArray(value)) return value.map(redactValue);
  if (typeof value !== "object" || value === null) return value;
  const field = (name: string, inner: unknown) => [redact(name), isSecretField(name) ? redacted : redactValue(inner)];
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => field(name, inner)));
}

/** Redacts a line that is one JSON value, and leaves it one. */
export function redactJson(line: string): string {
  // Most lines hold no secret, and need not be parsed. A secret may look different only where a character is escaped.
  const plain = redact(line);
  if (plain === line && !line.includes("\\") && !secretFieldInJson.test(line)) return line;
  try {
    return `${JSON.stringify(redactValue(JSON.parse(line)))}\n`;
  } catch {
    return plain;
  }
}

function pattern(): Pattern {
  const nowMs = performance.now();
  const kept = keptSecrets();
  if (current?.kept === kept && nowMs - current.madeAtMs < freshMs) return current;
  const secrets = knownSecrets();
  const of = secrets.join("\n");
  current =
    of === current?.of
      ? { ...current, kept, madeAtMs: nowMs }
      : { of, secret: anyOf(secrets), longest: secrets[0]?.length ?? 0, kept, madeAtMs: nowMs };
  return current;
}

/** Matches nothing when there are no secrets. */
function anyOf(secrets: readonly string[]): RegExp {
  const parts = secrets.map((secret) => {
    const rest = secret.slice(comparedLength);
    return literal(secret.slice(0, comparedLength)) + (rest === "" ? "" : `(?:${literal(rest)})?`);
  });
  return new RegExp(parts.join("|") || "(?!)", "gi");
}

const literal = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

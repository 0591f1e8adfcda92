import { readField } from "../../errors/index.ts";

/** A provider's answer that it serves no more requests for now. */
export interface Refusal {
  /** How long to wait, in milliseconds, as far as the provider says; at least 0. */
  readonly retryAfterMs: number | undefined;
}

/** 429: too many requests. 503: unavailable. 529: overloaded, as Anthropic's API answers. */
const refusingStatus: ReadonlySet<unknown> = new Set([429, 503, 529]);
const refusingText =
  /\brate[ _-]?limit(?:s|ed)?\b|\busage[ _]limit\b|\btoo many requests\b|\binsufficient[ _]quota\b|\bquota (?:was |has been |is )?(?:exceeded|exhausted|reached)\b|\bexceeded (?:your|the) (?:current )?(?:quota|usage)|\bresource[ _]exhausted\b|\boverloaded_error\b|\bhit your (?:\w+ )?limit\b/i;
/** How many errors are looked at: an error may name others, in circles too. */
const maxErrors = 20;

/**
 * Reads from what an agent threw whether its provider refuses because of a limit: from the HTTP status, from the
 * texts that providers use, and from the errors inside, such as those of the AI SDK's RetryError.
 * @param nowMs the time of the wall clock
 */
export function refusalIn(thrown: unknown, nowMs: number): Refusal | undefined {
  const errors = errorsIn(thrown);
  if (!errors.some(refuses)) return undefined;
  const times = errors.map((error) => timeInHeaders(error, nowMs) ?? timeInTexts(error, nowMs));
  return { retryAfterMs: times.find((ms) => ms !== undefined) };
}

/** An error and those inside it, the last try of a RetryError before its earlier ones. */
function errorsIn(thrown: unknown): unknown[] {
  const found = new Set<unknown>([thrown]);
  for (const error of found) {
    if (found.size >= maxErrors) break;
    const tries = readField(error, "errors");
    const inside = [readField(error, "lastError"), readField(error, "cause"), ...(Array.isArray(tries) ? tries : [])];
    for (const one of inside) if (typeof one === "object" && one !== null) found.add(one);
  }
  return [...found];
}

function refuses(error: unknown): boolean {
  const status = readField(error, "statusCode") ?? readField(error, "status");
  if (typeof status === "number") return refusingStatus.has(status) || textsOf(error).some(saysNoQuota);
  return textsOf(error).some((text) => refusingText.test(text));
}

/** Some providers answer 403 or 400 when an account's quota is used up. */
const saysNoQuota = (text: string) => /insufficient[ _]quota|quota (?:exceeded|exhausted)|usage limit/i.test(text);

function textsOf(error: unknown): string[] {
  if (typeof error === "string") return [error];
  return ["message", "responseBody"].map((name) => readField(error, name)).filter((text) => typeof text === "string");
}

function timeInHeaders(error: unknown, nowMs: number): number | undefined {
  const headers = readField(error, "responseHeaders") ?? readField(readField(error, "response"), "headers");
  const header = (name: string) => headerOf(headers, name);
  const ms = Number(header("retry-after-ms") ?? Number.NaN);
  if (Number.isFinite(ms)) return Math.max(ms, 0);
  const given = header("retry-after");
  if (given === undefined || given.trim() === "") return undefined;
  const seconds = Number(given);
  if (Number.isFinite(seconds)) return Math.max(seconds * 1_000, 0);
  const at = Date.parse(given);
  // The provider's own clock is the one that its date is meant by.
  const sent = Date.parse(header("date") ?? "");
  return Number.isNaN(at) ? undefined : Math.max(at - (Number.isNaN(sent) ? nowMs : sent), 0);
}

function headerOf(headers: unknown, name: string): string | undefined {
  if (typeof headers !== "object" || headers === null) return undefined;
  try {
    if (headers instanceof Headers) return headers.get(name) ?? undefined;
    const entry = Object.entries(headers).find(([key]) => key.toLowerCase() === name);
    return typeof entry?.[1] === "string" || typeof entry?.[1] === "number" ? String(entry[1]) : undefined;
  } catch {
    // Headers in an error may be anything, as a revoked proxy.
    return undefined;
  }
}

const unitMs: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };

/** Times in texts: `usage limit reached|1795752000`, `try again in 3 hours 42 minutes`, `retry in 36.5s`. */
function timeInTexts(error: unknown, nowMs: number): number | undefined {
  for (const text of textsOf(error)) {
    const epoch = /limit reached\|(\d{10})(?:\d{3})?\b/i.exec(text);
    if (epoch) return Math.max(Number(epoch[1]) * 1_000 - nowMs, 0);
    const wait =
      /(?:try again|retry|resets?|wait)(?: after| in| for)? ((?:\d+(?:\.\d+)? ?(?:ms|days?|d|hours?|hrs?|h|minutes?|mins?|m|seconds?|secs?|s)(?![a-z])[ ,]*(?:and )?)+)/i.exec(
        text,
      );
    if (wait) return durationIn(wait[1]!);
  }
  return undefined;
}

function durationIn(text: string): number {
  let ms = 0;
  for (const [, count, unit] of text.matchAll(/(\d+(?:\.\d+)?) ?(ms|d|h|m|s)/gi)) {
    ms += Number(count) * unitMs[unit!.toLowerCase()]!;
  }
  return ms;
}

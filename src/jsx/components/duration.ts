const unitsMs: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

type Unit = "ms" | "s" | "m" | "h" | "d" | "w";
type Part = `${number}${Unit}`;

/** A duration as text: `500ms`, `30s`, `1.5h`, `7d`, or several parts, such as `1h30m` and `1d 2h 30m`. */
export type Duration = Part | `${Part}${"" | " "}${Part}` | `${Part}${"" | " "}${Part}${"" | " "}${Part}`;

/**
 * Parses `500ms`, `30s`, `2h`, `7d`, also `1h30m` and `1.5h`, to milliseconds; a number is milliseconds already.
 * Returns undefined for what is not a duration.
 */
export function parseDurationMs(duration: string | number): number | undefined {
  if (typeof duration === "number") return duration >= 0 ? wholeMs(duration) : undefined;
  if (typeof duration !== "string") return undefined;
  const text = duration.trim().toLowerCase();
  if (!/^(\d+(\.\d+)?\s*(ms|s|m|h|d|w)\s*)+$/.test(text)) return undefined;
  let totalMs = 0;
  for (const [, amount, , unit] of text.matchAll(/(\d+(\.\d+)?)\s*(ms|s|m|h|d|w)/g)) {
    totalMs += Number(amount) * unitsMs[unit!]!;
  }
  return wholeMs(totalMs);
}

function wholeMs(ms: number): number | undefined {
  return Number.isSafeInteger(Math.round(ms)) ? Math.round(ms) : undefined;
}

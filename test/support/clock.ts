/** A span of time as the command writes it: `340ms`, `4.2s`, `3m 20s`. */
const span = String.raw`\d+(\.\d+)?m?s|\d+[mhd]( \d+[smh])?`;

/**
 * What a command has printed, without what the clock decides: ages and spans of time become `…`, and the gaps next to
 * them, which align columns of times, two blanks.
 */
export function withoutTimes(text: string): string {
  return text
    .replace(new RegExp(`\\b(now|(${span})( ago)?)\\b`, "g"), "…")
    .replace(/(?<=…|STARTED) {2,}| {2,}(?=…)/g, "  ")
    .replace(/ +$/gm, "");
}

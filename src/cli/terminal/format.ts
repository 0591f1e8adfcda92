import type { NodeState, RunHealth, RunStatus } from "../../model/index.ts";
import type { TerminalOutput } from "./output.ts";

const units = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
] as const;

/** A duration for people: `340ms`, `4.2s`, `3m 20s`, `2d 4h`. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.max(Math.round(ms), 0)}ms`;
  if (ms < 10_000) return `${(Math.floor(ms / 100) / 10).toFixed(1)}s`;
  const at = units.findIndex(([, length]) => ms >= length);
  const [unit, length] = units[at]!;
  const next = units[at + 1];
  const rest = next ? Math.floor((ms % length) / next[1]) : 0;
  return `${Math.floor(ms / length)}${unit}${next && rest > 0 ? ` ${rest}${next[0]}` : ""}`;
}

/** Age of a point in time: `3m ago`. */
export function ago(atMs: number, nowMs: number): string {
  const ms = nowMs - atMs;
  if (ms < 1_000) return "now";
  const [unit, length] = units.find(([, length]) => ms >= length)!;
  return `${Math.floor(ms / length)}${unit} ago`;
}

/** A point in time for people, in the local time zone. */
export function clockTime(atMs: number): string {
  const at = new Date(atMs);
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

const colours = {
  running: "cyan",
  "in-progress": "cyan",
  finished: "green",
  succeeded: "green",
  failed: "red",
  stale: "red",
  cancelled: "magenta",
  skipped: "dim",
  pending: "dim",
  continued: "dim",
  "waiting-approval": "yellow",
  "waiting-event": "yellow",
  "waiting-timer": "yellow",
  "waiting-quota": "yellow",
} as const;

/** A state's name in its colour, for stdout or stderr. */
export function stateWord(
  out: TerminalOutput,
  state: RunStatus | NodeState | RunHealth["state"],
  where: "line" | "said" = "line",
): string {
  return where === "said" ? out.styleNote(colours[state], state) : out.style(colours[state], state);
}

const phrases: Record<RunStatus | RunHealth["state"], string> = {
  running: "is running",
  finished: "has finished",
  succeeded: "has finished",
  failed: "has failed",
  stale: "is stale",
  cancelled: "was cancelled",
  continued: "continued as another run",
  "waiting-approval": "is waiting for an approval",
  "waiting-event": "is waiting for an event",
  "waiting-timer": "is waiting for a timer",
  "waiting-quota": "is waiting for a provider's limit to be reset",
};

/** A run's state as a predicate after its name: `has finished`. */
export function phraseOf(state: RunStatus | RunHealth["state"], style: TerminalOutput["style"]): string {
  return style(colours[state], phrases[state]);
}

/** `1 run`, `2 runs`. */
export const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? "" : "s"}`;

/** Words quoted for a shell. */
export const shellWords = (words: readonly string[]) =>
  words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(" ");

/** A size for people: `1.2 MB`. */
export function bytes(size: number): string {
  const units = ["bytes", "KB", "MB", "GB", "TB"];
  const unit = Math.min(Math.floor(Math.log(Math.max(size, 1)) / Math.log(1024)), units.length - 1);
  const value = size / 1024 ** unit;
  return `${value >= 10 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** A text as a sentence, or as the end of one. */
export const withFullStop = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);

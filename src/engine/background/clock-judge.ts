import type { Moment } from "../../model/index.ts";
import type { SeenClocks } from "../../store/index.ts";

/** Corrections of the wall clock up to this are nothing unusual. */
const usualStepMs = 600_000;
/** How long a host may have been off without doubt: its steady clock does not tell. */
const longestOffMs = 86_400_000;
/** How long a wall clock must run evenly after a jump until it is believed. */
const doubtMs = 86_400_000;

/** What the clocks that were seen say about the wall clock now. */
export interface Judgement {
  /** What to remember. */
  readonly seen: SeenClocks;
  /** How far the wall clock has jumped since it was last believed, in ms; null when it is believed. */
  readonly jumpMs: number | null;
  /** Whether the jump has not been noticed before. */
  readonly isNew: boolean;
}

/**
 * Judges whether the wall clock can be trusted to say how old something is. It cannot be for a day after it has jumped:
 * between two moments of one steady clock, it must have gone as far as that; between two boots, not more than a day.
 */
export function judgeClock({ believed, doubted }: SeenClocks, now: Moment): Judgement {
  const trusted = { seen: { believed: now, doubted: null }, jumpMs: null, isNew: false };
  if (believed === null) return trusted;
  const jumpMs = jumpBetween(believed, now);
  if (jumpMs === null) return trusted;
  if (doubted === null || jumpBetween(doubted, now) !== null) {
    return { seen: { believed, doubted: now }, jumpMs, isNew: true };
  }
  const isSteady = doubted.steadyClock === now.steadyClock;
  const passedMs = isSteady ? now.steadyMs - doubted.steadyMs : now.nowMs - doubted.nowMs;
  return passedMs >= doubtMs ? trusted : { seen: { believed, doubted }, jumpMs, isNew: false };
}

/** How far the wall clock has jumped between two moments, in ms; null when it has gone as it should. */
export function jumpBetween(before: Moment, after: Moment): number | null {
  const passedMs = after.nowMs - before.nowMs;
  if (before.steadyClock !== after.steadyClock) {
    return passedMs < -usualStepMs || passedMs > longestOffMs ? passedMs : null;
  }
  const jumpMs = passedMs - (after.steadyMs - before.steadyMs);
  return Math.abs(jumpMs) > usualStepMs ? jumpMs : null;
}

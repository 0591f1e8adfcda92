/** A point in time, by two clocks. */
export interface Moment {
  /** The wall clock, in epoch ms. People and programs may set it. */
  readonly nowMs: number;
  /** A clock that nothing sets: it counts from some point in the past, in ms, also while the machine sleeps. */
  readonly steadyMs: number;
  /** Names that clock. Processes of one host share it until the host restarts. */
  readonly steadyClock: string;
}

/**
 * When something is due. A duration is measured by the steady clock: it ends when it has passed, however the wall
 * clock was set meanwhile. A date is a time of the wall clock.
 */
export interface Wake {
  /** In epoch ms; null when nothing is due. For a duration: as the wall clock stood when the duration began. */
  readonly wakeAtMs: number | null;
  /** The end of a duration by the steady clock; null for a date. */
  readonly wakeSteadyMs: number | null;
  /** The steady clock that the duration is measured by; another one can tell nothing about it. */
  readonly wakeSteadyClock: string | null;
}

export const noWake: Wake = { wakeAtMs: null, wakeSteadyMs: null, wakeSteadyClock: null };

/** The latest time that a Date can hold. */
const latestTimeMs = 8_640_000_000_000_000;

/** What is due once `delayMs` have passed. */
export function wakeAfter({ nowMs, steadyMs, steadyClock }: Moment, delayMs: number): Wake {
  return {
    wakeAtMs: Math.min(Math.round(nowMs + delayMs), latestTimeMs),
    // Rounded up: what is due by this clock is then due by a wall clock that was not set. Nothing is due at once.
    wakeSteadyMs: delayMs > 0 ? Math.min(Math.ceil(steadyMs + delayMs), latestTimeMs) : Math.floor(steadyMs),
    wakeSteadyClock: steadyClock,
  };
}

/** What is due at a date. */
export function wakeOn(atMs: number): Wake {
  return { ...noWake, wakeAtMs: atMs };
}

/** Whether a wake is measured by the steady clock of this moment. */
function isSteady({ wakeSteadyMs, wakeSteadyClock }: Wake, { steadyClock }: Moment): boolean {
  return wakeSteadyMs !== null && wakeSteadyClock === steadyClock;
}

/**
 * How long until something is due, in ms: not positive when it is, infinite when nothing is. A duration that began by
 * another steady clock, on another host or before a restart, is judged by the wall clock.
 */
export function msUntil(wake: Wake, now: Moment): number {
  if (wake.wakeAtMs === null) return Number.POSITIVE_INFINITY;
  return isSteady(wake, now) ? wake.wakeSteadyMs! - now.steadyMs : wake.wakeAtMs - now.nowMs;
}

/** When the first of a run's wakes is due. */
export interface RunWake extends Wake {
  /** The first date among them, and the first duration that is judged by the wall clock. */
  readonly wakeWallMs: number | null;
}

export const noRunWake: RunWake = { ...noWake, wakeWallMs: null };

/** When the first of these wakes is due, for a run that waits for them all. */
export function firstWake(wakes: readonly Wake[], now: Moment): RunWake {
  if (wakes.length === 0) return noRunWake;
  const least = (values: readonly (number | null)[]) => {
    const known = values.filter((value) => value !== null);
    return known.length === 0 ? null : Math.min(...known);
  };
  const open = wakes.filter(({ wakeAtMs }) => wakeAtMs !== null);
  const steady = open.filter((wake) => isSteady(wake, now));
  return {
    wakeAtMs: least(open.map(({ wakeAtMs }) => wakeAtMs)),
    wakeWallMs: least(open.filter((wake) => !isSteady(wake, now)).map(({ wakeAtMs }) => wakeAtMs)),
    wakeSteadyMs: least(steady.map(({ wakeSteadyMs }) => wakeSteadyMs)),
    wakeSteadyClock: steady.length === 0 ? null : now.steadyClock,
  };
}

/** {@link msUntil} for the wakes of a run. */
export function msUntilRun(wake: RunWake, now: Moment): number {
  if (wake.wakeAtMs === null || wake.wakeSteadyClock !== now.steadyClock) return msUntil(wake, now);
  const dateMs = wake.wakeWallMs === null ? Number.POSITIVE_INFINITY : wake.wakeWallMs - now.nowMs;
  return Math.min(dateMs, msUntil(wake, now));
}

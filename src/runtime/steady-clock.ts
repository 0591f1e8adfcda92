/** A clock that nothing sets. It counts on while the machine sleeps, where the system can tell how long that was. */
export interface SteadyClock {
  /** Names the clock: equal for the processes of a host until it restarts, or else this process's own name. */
  readonly id: string;
  /** Milliseconds since some point in the past. */
  nowMs(): number;
}

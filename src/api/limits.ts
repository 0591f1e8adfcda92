/** Larger outputs are left out of the list of a run's nodes, in bytes of JSON. */
export const maxListedOutputBytes = 65_536;

/** How many attempts of a run are in flight at once unless its `config` says otherwise. */
export const defaultMaxConcurrency = 4;
/** The greatest `maxConcurrency`, which is as good as none. */
export const greatestMaxConcurrency = 10_000;

/** Most characters of the id that ties a signal to a wait. */
export const maxCorrelationIdLength = 512;

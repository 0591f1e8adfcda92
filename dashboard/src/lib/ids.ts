const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-([0-9a-f]{12})$/;

/** A run's id as lists show it: of a generated one its end, which the command line takes for the whole. */
export const shortId = (runId: string): string => uuid.exec(runId)?.[1] ?? runId;

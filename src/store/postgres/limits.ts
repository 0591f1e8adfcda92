/** How long a statement waits for a lock that someone holds, in ms. */
export const lockWaitMs = 5_000;
/** How long Postgres lets a batch of writes, or a read, take, in ms. Without an answer, it ends the statement. */
export const writeWithinMs = 20_000;
export const readWithinMs = 30_000;
/** How much later than that a connection without an answer is given up as dead. */
export const answerGraceMs = 5_000;
/** How long the connection that shows that the server lives may take to answer, in ms. Then all are given up. */
export const pulseWithinMs = 4_000;
/**
 * How long Postgres hears nothing from that connection before it frees the server's lock, in ms: the server's host has
 * gone, or its process stands still.
 */
export const silentForMs = 6_000;

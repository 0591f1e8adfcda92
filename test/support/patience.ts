/** How long a test, or a hook, may take, in ms. What hangs is to fail; how long a test takes on a busy machine is not. */
export const patienceMs = 120_000;

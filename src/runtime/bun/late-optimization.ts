/**
 * Implements {@link Runtime.lateOptimization}. JavaScriptCore optimizes a function for the second time after 64,000 steps
 * of its loops and calls. In a worker with 16 runs in flight, that took a third of the processor time of the first
 * 6,000 runs, and made none of them faster. With ten times as many steps, it takes a fiftieth. A loop that computes
 * reaches them in a millisecond, and the rendering of 2,500 tasks in some steps of its run.
 */
export const lateOptimization = { BUN_JSC_thresholdForFTLOptimizeAfterWarmUp: "640000" };

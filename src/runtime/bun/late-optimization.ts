/**
 * Implements {@link Runtime.lateOptimization}. JavaScriptCore optimizes a function for the second time after 64,000 steps
 * of its loops and calls. In a worker with 16 runs in flight, that took a third of the processor time of the first
 * 6,000 runs, and made none of them faster. A loop that computes reaches a hundred times as many steps in some
 * milliseconds.
 */
export const lateOptimization = { BUN_JSC_thresholdForFTLOptimizeAfterWarmUp: "6400000" };

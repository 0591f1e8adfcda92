import type { RetrySpec } from "../specs.ts";
import { checkCount, checkMs, checkOneOf } from "./checks.ts";
import { checkFields } from "./props.ts";

export interface RetryPolicy {
  /** How the delay grows from one retry to the next. Default: `exponential`. */
  backoff?: "exponential" | "linear" | "fixed";
  /** Delay before the first retry, in milliseconds. Default: 250. */
  initialDelayMs?: number;
}

const defaultRetry: RetrySpec = { retries: 3, backoff: "exponential", initialDelayMs: 250 };

interface RetryProps {
  retries?: number;
  noRetry?: boolean;
  retryPolicy?: RetryPolicy;
}

export function retrySpec(props: RetryProps, where: string): RetrySpec {
  if (props.retries === undefined && !props.noRetry && !props.retryPolicy) return defaultRetry;
  checkFields<Required<RetryPolicy>>(where, "retryPolicy", props.retryPolicy, { backoff: true, initialDelayMs: true });
  const { backoff = defaultRetry.backoff, initialDelayMs = defaultRetry.initialDelayMs } = props.retryPolicy ?? {};
  const retries = checkCount(where, "retries", props.retries, 0) ?? defaultRetry.retries;
  checkOneOf(where, "retryPolicy.backoff", backoff, ["exponential", "linear", "fixed"]);
  checkMs(where, "retryPolicy.initialDelayMs", initialDelayMs);
  return { retries: props.noRetry ? 0 : retries, backoff, initialDelayMs };
}

import { isSmithersError } from "../errors/index.ts";

export interface Persistence {
  /** How long to try again while no server answers, in ms. Default: without end. */
  readonly patienceMs?: number;
  readonly signal?: AbortSignal;
}

const firstDelayMs = 250;
const longestDelayMs = 5_000;

/**
 * Does a request again, at growing intervals, while no server answers.
 * @throws the last error once the patience is over, any other error at once, the signal's reason
 */
export async function persist<T>(
  request: () => Promise<T>,
  { patienceMs = Number.POSITIVE_INFINITY, signal }: Persistence,
): Promise<T> {
  const giveUpAtMs = performance.now() + patienceMs;
  for (let delayMs = firstDelayMs; ; delayMs = Math.min(delayMs * 2, longestDelayMs)) {
    try {
      return await request();
    } catch (error) {
      if (!isTemporary(error) || performance.now() >= giveUpAtMs) throw error;
    }
    await pause(delayMs, signal);
  }
}

/** Waits for `ms` to twice as long: many clients of a server that was restarted do not return at the same moment. */
export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const leave = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(
      () => {
        signal?.removeEventListener("abort", leave);
        resolve();
      },
      ms * (1 + Math.random()),
    );
    signal?.addEventListener("abort", leave, { once: true });
  });
}

/** No answer, the answer of a proxy whose server is away, or that of a server that shuts down or has trouble. */
function isTemporary(error: unknown): boolean {
  if (!isSmithersError(error)) return false;
  if (error.code !== "CONNECTION_FAILED") return error.status === 503;
  const { status } = (error.details ?? {}) as { status?: number };
  return status === undefined || [429, 502, 503, 504].includes(status);
}

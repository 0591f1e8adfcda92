import { promisify } from "node:util";
import { markThrown, runMarkedSync } from "./marks.ts";
import { currentOrigin, runAs } from "./origin.ts";
import { forgetTimer } from "./timers.ts";

/**
 * The globals of workflow files, which the loader gives to them; the global ones stay as they are. Timers end with the
 * run that has started them, and what is thrown later is known to be of that run.
 */

type Callback = (...args: unknown[]) => unknown;

export const taskSetTimeout = withPromisify("setTimeout", (fire: Callback, delayMs?: number, ...args: unknown[]) => {
  const scope = typeof fire === "function" ? currentOrigin()?.timers : undefined;
  return scope ? scope.setTimeout(fire, delayMs, args) : globalThis.setTimeout(fire, delayMs, ...args);
});

export const taskSetInterval = withPromisify("setInterval", (fire: Callback, delayMs?: number, ...args: unknown[]) => {
  const scope = typeof fire === "function" ? currentOrigin()?.timers : undefined;
  return scope ? scope.setInterval(fire, delayMs, args) : globalThis.setInterval(fire, delayMs, ...args);
});

export function taskClearTimeout(timer?: Parameters<typeof clearTimeout>[0]): void {
  forgetTimer(timer);
  globalThis.clearTimeout(timer);
}

export function taskClearInterval(timer?: Parameters<typeof clearInterval>[0]): void {
  forgetTimer(timer);
  globalThis.clearInterval(timer);
}

export function taskQueueMicrotask(fire: () => void): void {
  const origin = currentOrigin();
  const isPlain = origin === undefined || typeof fire !== "function";
  globalThis.queueMicrotask(isPlain ? fire : () => runAs(origin, () => runMarkedSync(origin, fire)));
}

/** A request that fails has no stack that would tell whose it was. */
export const taskFetch: typeof fetch = new Proxy(globalThis.fetch, {
  apply(_, self, args) {
    const sent: Promise<Response> = Reflect.apply(globalThis.fetch, self, args);
    if (currentOrigin() === undefined) return sent;
    return sent.catch((thrown: unknown) => {
      markThrown(thrown);
      throw thrown;
    });
  },
  get: (_, name) => Reflect.get(globalThis.fetch, name),
});

function withPromisify<F extends (...args: never[]) => unknown>(name: "setTimeout" | "setInterval", wrapper: F): F {
  const { custom } = promisify;
  return Object.defineProperty(wrapper, custom, { get: () => Reflect.get(globalThis[name], custom) });
}

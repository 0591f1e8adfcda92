import { currentOrigin, type Origin } from "./origin.ts";

/**
 * A function with a name of its own that calls an origin's code. The runtime does not say which code a promise belongs to
 * that is rejected and that nothing awaits; the error's stack has this name, also when the code has awaited something.
 */
interface Slot {
  readonly call: <T>(body: () => Promise<T>) => Promise<T>;
  readonly callSync: <T>(body: () => T) => T;
  origin: Origin | undefined;
}

const prefix = "smithersOrigin";
const slots: Slot[] = [];
/** Least recently used first: an error may come after the code that it was made in has ended. */
const free: Slot[] = [];
/** Slots that are made before one is used again. */
const minSlots = 256;

const byReason = new WeakMap<object, Origin>();

/** Calls an origin's asynchronous code, so that {@link originInStack} finds the origin in its errors. */
export async function runMarked<T>(origin: Origin, body: () => Promise<T>): Promise<T> {
  const slot = takeSlot(origin);
  try {
    return await slot.call(body);
  } finally {
    free.push(slot);
  }
}

/** Like {@link runMarked}, for code that is not asynchronous. */
export function runMarkedSync<T>(origin: Origin, body: () => T): T {
  const slot = takeSlot(origin);
  try {
    return slot.callSync(body);
  } finally {
    free.push(slot);
  }
}

function takeSlot(origin: Origin): Slot {
  const slot = slots.length < minSlots || free.length === 0 ? newSlot() : free.shift()!;
  slot.origin = origin;
  return slot;
}

function newSlot(): Slot {
  const name = prefix + slots.length;
  // The name in a stack is the one in the source. A call in tail position would not be in the stack.
  const make = new Function(
    `return {
      call: async function ${name}(body) { return await body(); },
      callSync: function ${name}(body) { const result = body(); return result; },
    }`,
  );
  const slot: Slot = { ...make(), origin: undefined };
  slots.push(slot);
  return slot;
}

/** The origin whose call a stack shows. */
export function originInStack(stack: string): Origin | undefined {
  const index = new RegExp(`\\b${prefix}(\\d+)\\b`).exec(stack)?.[1];
  return index === undefined ? undefined : slots[Number(index)]?.origin;
}

/** Notes that an error has come up in the calling code's origin. */
export function markThrown(thrown: unknown): void {
  const origin = currentOrigin();
  if (origin && typeof thrown === "object" && thrown !== null) byReason.set(thrown, origin);
}

export function originOfMarked(thrown: unknown): Origin | undefined {
  return typeof thrown === "object" && thrown !== null ? byReason.get(thrown) : undefined;
}

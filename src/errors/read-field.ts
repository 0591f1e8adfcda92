/** Reads a property of any value. Undefined when the value has none, or when a getter or a proxy throws. */
export function readField(value: unknown, name: PropertyKey): unknown {
  if ((typeof value !== "object" || value === null) && typeof value !== "function") return undefined;
  try {
    return (value as Record<PropertyKey, unknown>)[name];
  } catch {
    return undefined;
  }
}

/** Whether a value is an Error, of this realm or another. A value that cannot be looked at is not. */
export function isError(value: unknown): value is Error {
  try {
    return value instanceof Error || Object.prototype.toString.call(value) === "[object Error]";
  } catch {
    return false;
  }
}

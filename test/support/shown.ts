/** Words that a page must not get wrong; of other values only the kind counts. */
const words = new Set(["status", "state", "code", "kind", "nodeId", "workflowName", "field", "signalName", "tag"]);

/** How an answer differs from the one that is shown; nothing when it has the same shape. */
export function difference(shown: unknown, given: unknown, at = ""): string | undefined {
  const kind = (value: unknown) => (value === null ? "null" : Array.isArray(value) ? "list" : typeof value);
  if (kind(shown) !== kind(given)) return `${at} is ${kind(given)}, shown as ${kind(shown)}`;
  if (typeof shown !== "object" || shown === null) {
    if (words.has(at.split(".").at(-1)!) && shown !== given) return `${at} is ${given}, shown as ${shown}`;
    return undefined;
  }
  const keys = (value: object) => Object.keys(value).sort().join(", ");
  if (keys(shown) !== keys(given as object)) return `${at} has ${keys(given as object)}, shown with ${keys(shown)}`;
  for (const [key, value] of Object.entries(shown)) {
    const found = difference(value, (given as Record<string, unknown>)[key], `${at}.${key}`);
    if (found) return found;
  }
}

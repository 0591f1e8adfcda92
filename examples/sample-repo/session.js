/** A session lives for `lifetimeMs` after it was opened. */
export function isExpired(session, nowMs) {
  const ageMs = nowMs - session.openedAtMs;
  return ageMs > session.lifetimeMs;
}

/** Tokens are at least 16 characters long. */
export function isToken(text) {
  return typeof text === "string" && text.length > 16;
}

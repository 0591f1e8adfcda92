import { randomBytes } from "node:crypto";

let lastMs = 0;
let count = 0;

/**
 * A new run's id: a UUID of version 7 (RFC 9562), whose ids sort by the time at which they were made. Rows of
 * runs that are active at one time lie side by side then, and a commit writes fewer pages.
 */
export function newRunId(nowMs = Date.now()): string {
  // Within a millisecond, and when the clock goes back, the twelve bits after the time count on.
  if (nowMs > lastMs) {
    lastMs = nowMs;
    count = 0;
  } else if (++count > 0xfff) {
    lastMs += 1;
    count = 0;
  }
  const random = randomBytes(8);
  random[0] = (random[0]! & 0x3f) | 0x80;
  const time = lastMs.toString(16).padStart(12, "0");
  const rest = random.toString("hex");
  return `${time.slice(0, 8)}-${time.slice(8)}-7${count.toString(16).padStart(3, "0")}-${rest.slice(0, 4)}-${rest.slice(4)}`;
}

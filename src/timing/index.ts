export { ByteRoom } from "./byte-room.ts";
export { waitAtMost, withTimeout } from "./deadline.ts";
export { afterMs } from "./long-timer.ts";
export { sleep, yieldToEventLoop } from "./sleep.ts";
export { stopwatch } from "./stopwatch.ts";

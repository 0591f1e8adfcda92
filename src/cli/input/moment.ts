import { InvalidArgumentError } from "commander";
import { parseDurationMs } from "../../jsx/components/duration.ts";

/**
 * A moment in ms since the epoch: a date and time as ISO 8601 writes it, or a duration before now, such as `5m`.
 * @throws commander's InvalidArgumentError
 */
export function momentMs(text: string, nowMs: number): number {
  const agoMs = parseDurationMs(text);
  const ms = agoMs === undefined ? Date.parse(text) : nowMs - agoMs;
  if (Number.isNaN(ms)) throw new InvalidArgumentError('It must be a duration, such as "5m", or a date and time.');
  return ms;
}

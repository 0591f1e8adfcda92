import { z } from "zod";

const timeText = z.union([
  z.iso.datetime({ offset: true }),
  z.iso.datetime({ offset: true, precision: -1 }),
  z.iso.date(),
]);

/**
 * The time that an ISO text names; undefined for any other text. A text without a time zone would mean another time on
 * another machine; a date alone is its midnight in UTC.
 */
export function timeOfText(text: string): Date | undefined {
  return timeText.safeParse(text).success ? new Date(text) : undefined;
}

import { z } from "zod";

/** An event's name. It appears in paths and logs. */
export const eventNameSchema = z
  .string()
  .regex(/^[^\p{Cc}]{1,256}$/u, "1 to 256 characters, without control characters");

export const isEventName = (name: string): boolean => eventNameSchema.safeParse(name).success;

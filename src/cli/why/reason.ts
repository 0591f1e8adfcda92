import type { Note } from "../notes/notes.ts";

/** A reason why a run does not continue or has failed, with the commands that help. */
export interface Reason {
  readonly kind:
    | "approval"
    | "event"
    | "timer"
    | "quota"
    | "stale"
    | "failed"
    | "retrying"
    | "not-continued"
    | "running"
    | "queued"
    | "continued"
    | Note["kind"];
  readonly nodeId?: string;
  readonly iteration?: number;
  /** Since when, in milliseconds since the epoch. */
  readonly sinceMs?: number | null;
  /** The reason as text for a person. */
  readonly what: string;
  /** Words after `smithers`; the most usual command first. */
  readonly commands: readonly (readonly string[])[];
}

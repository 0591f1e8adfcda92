import { isError, readField } from "./read-field.ts";

/**
 * Adds to an error's stack who has called what has thrown it: an asynchronous call forgets its caller. Never throws.
 * @param caller an error that was made when the call began
 */
export function addCaller(thrown: unknown, caller: Error): void {
  const stack = readField(thrown, "stack");
  if (!isError(thrown) || typeof stack !== "string") return;
  const frames = caller.stack?.split("\n").filter((line) => /^\s+at /.test(line)) ?? [];
  try {
    thrown.stack = [stack, ...frames].join("\n");
  } catch {
    // A frozen error keeps the stack that it has.
  }
}

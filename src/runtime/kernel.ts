/**
 * The door for programs that only call the kernel: they start with every command of a tool, and {@link runtime} would
 * make each start twice as slow.
 */
export { addressOf, type SystemCallArgument, systemCall } from "./bun/kernel.ts";

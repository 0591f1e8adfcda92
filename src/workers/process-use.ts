import { readFileSync } from "node:fs";

/** The unit of times in `/proc`: on Linux, a hundredth of a second whatever the kernel's own clock. */
const tickMs = 10;
const residentLine = /^VmRSS:\s+(\d+) kB$/m;

/** The memory that a process has now, in bytes, without that of its children; undefined where it cannot be read. */
export function residentBytes(pid: number): number | undefined {
  const kilobytes = residentLine.exec(textOf(`/proc/${pid}/status`))?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1_024;
}

/** The processor time that a process has used, in ms, without that of its children; undefined where it cannot be read. */
export function processorMs(pid: number): number | undefined {
  const text = textOf(`/proc/${pid}/stat`);
  // The name of the program, in brackets, may have spaces and brackets of its own.
  const [user, system] = text
    .slice(text.lastIndexOf(")") + 2)
    .split(" ")
    .slice(11, 13);
  return user === undefined || system === undefined ? undefined : (Number(user) + Number(system)) * tickMs;
}

/** Empty on other systems than Linux, and for a process that has ended. */
function textOf(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

import { randomUUID } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import type { SteadyClock } from "../steady-clock.ts";

/** Per system: its C library, and the number of the clock that counts from the boot, also during sleep. */
const systems: Partial<Record<NodeJS.Platform, { libraries: string[]; clock: number }>> = {
  // CLOCK_BOOTTIME
  linux: {
    libraries: ["libc.so.6", `libc.musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`],
    clock: 7,
  },
  // CLOCK_MONOTONIC
  darwin: { libraries: ["libSystem.B.dylib"], clock: 6 },
};

/** The clock of the system; where it cannot be read, one of this process, which may stand still during sleep. */
export function openSteadyClock(): SteadyClock {
  const nowMs = systemClock();
  const id = nowMs && sharedName();
  return { id: id ?? randomUUID(), nowMs: nowMs ?? (() => performance.now()) };
}

function systemClock(): (() => number) | undefined {
  const system = systems[process.platform];
  for (const library of system?.libraries ?? []) {
    try {
      // Loaded at the first use: the command prints its help where there is no Bun.
      const { dlopen, ptr } = process.getBuiltinModule("bun:ffi") as typeof import("bun:ffi");
      const { clock_gettime } = dlopen(library, {
        clock_gettime: { args: ["i32", "ptr"], returns: "i32" },
      }).symbols;
      // Seconds and nanoseconds.
      const time = new BigInt64Array(2);
      const read = () => clock_gettime(system!.clock, ptr(time)) === 0;
      const tell = () => {
        read();
        return Number(time[0]) * 1_000 + Number(time[1]) / 1_000_000;
      };
      if (read()) return tell;
    } catch {
      // The next one may be there.
    }
  }
  return undefined;
}

/** The name of this boot, and of the time namespace, in which the clock may begin at another point. */
function sharedName(): string | undefined {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return `${boot.slice(0, 18)}/${readlinkSync("/proc/self/ns/time").replace(/\D/g, "")}`;
  } catch {
    return undefined;
  }
}

import { isIPv4 } from "node:net";

/** Whether a host name, without port or brackets, always means this machine. */
export function isLoopback(name: string): boolean {
  return name === "localhost" || name === "::1" || (isIPv4(name) && name.startsWith("127."));
}

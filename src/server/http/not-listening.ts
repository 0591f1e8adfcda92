import { SmithersError } from "../../errors/index.ts";
import type { ResolvedServerOptions } from "../options.ts";

/**
 * Turns the error of a server that cannot listen on its address into one that says so. Any other error is returned as it
 * is.
 */
export function notListening(
  { host, port }: Pick<ResolvedServerOptions, "host" | "port">,
  cause: NodeJS.ErrnoException,
): Error {
  const reasons: Record<string, string> = {
    EADDRINUSE: `The port ${port} is in use by another program.`,
    EACCES: `This user may not listen on the port ${port}.`,
    EADDRNOTAVAIL: `This machine has no address ${host}.`,
    ENOTFOUND: `There is no host ${host}.`,
  };
  const reason = reasons[cause.code ?? ""] ?? `The server cannot listen on ${host}:${port}: ${cause.message}.`;
  if (cause.syscall !== "listen" && !(cause.code! in reasons)) return cause;
  return new SmithersError("ADDRESS_UNAVAILABLE", reason, { cause });
}

import { SmithersError } from "../../errors/index.ts";
import type { ResolvedServerOptions } from "../options.ts";

/** The error for a server that cannot listen on its address. */
export function notListening(
  { host, port }: Pick<ResolvedServerOptions, "host" | "port">,
  cause: NodeJS.ErrnoException,
): SmithersError {
  const reasons: Record<string, string> = {
    EADDRINUSE: `The port ${port} is in use by another program.`,
    EACCES: `This user may not listen on the port ${port}.`,
    EADDRNOTAVAIL: `This machine has no address ${host}.`,
    ENOTFOUND: `There is no host ${host}.`,
  };
  const reason = reasons[cause.code ?? ""] ?? `The server cannot listen on ${host}:${port}: ${cause.message}.`;
  return new SmithersError("ADDRESS_UNAVAILABLE", reason, { cause });
}

import { SmithersError } from "../errors/index.ts";
import type { Executed } from "./execute.ts";

/** What a command was allowed to do. */
interface Allowed {
  /** The sandbox's name. */
  readonly sandbox: string;
  readonly timeoutMs: number;
  readonly rootDir: string;
  readonly allowNetwork: boolean;
}

/** How much of a command's last output its error message quotes, in characters. */
const maxQuotedLength = 500;

/**
 * The error of a command that did not succeed: TOOL_SANDBOX_UNAVAILABLE when it never ran, because its sandbox could
 * not be set up, and TOOL_COMMAND_FAILED otherwise.
 */
export function commandFailure(
  { exitCode, ended, stdout, stderr, hasStarted, problem }: Executed,
  allowed: Allowed,
): SmithersError {
  const said = (problem ?? (stderr || stdout)).trim().slice(-maxQuotedLength);
  if (!hasStarted && problem !== undefined && isTooLong(problem)) return notStarted(problem);
  if (!hasStarted) {
    return new SmithersError(
      "TOOL_SANDBOX_UNAVAILABLE",
      `The sandbox of this command could not be set up (${allowed.sandbox})${said ? `: ${said}` : ""}.`,
    );
  }
  const result =
    ended === "timeout"
      ? `ran longer than ${allowed.timeoutMs} ms`
      : ended === "abort"
        ? "was cancelled"
        : `exited with ${exitCode}`;
  const hint = ended === "abort" ? "" : hintFor(stderr || stdout, allowed);
  return new SmithersError("TOOL_COMMAND_FAILED", `The command ${result}${said ? `: ${said}` : ""}.${hint}`, {
    details: { exitCode: ended === undefined ? exitCode : null, stdout, stderr },
  });
}

/** The error of a command that the system could not start. */
export function notStarted(reason: string, cause?: unknown): SmithersError {
  const hint = isTooLong(reason) ? " Put what is long into a file." : "";
  return new SmithersError("TOOL_COMMAND_FAILED", `The command could not be started: ${reason}.${hint}`, { cause });
}

const isTooLong = (reason: string) => reason.includes("E2BIG");

/** How programs say that they have no network. */
const noNetwork =
  /\b(EAI_AGAIN|ENETUNREACH|ENOTFOUND|Could not resolve (host|proxy)|Temporary failure in name resolution|Temporary failure resolving|Network is unreachable|Name or service not known|No address associated with hostname|ConnectionRefused|FailedToOpenSocket|unable to resolve host)\b/i;

/** How programs say that they may not write somewhere. */
const notWritable = /\b(Read-only file system|EROFS)\b/i;

/** Explains a failure that the sandbox caused, if the command's output shows one. */
function hintFor(output: string, { allowNetwork, rootDir }: Allowed): string {
  if (!allowNetwork && noNetwork.test(output)) {
    return " There is no network in `bash`: --allow-network, or the option allowNetwork, gives it the host's.";
  }
  if (notWritable.test(output)) return ` A command can write below ${rootDir} and in /tmp, and nowhere else.`;
  return "";
}

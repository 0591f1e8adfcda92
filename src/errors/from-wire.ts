import { type ErrorCode, errorCodes, isErrorCode } from "./codes.ts";
import { readField } from "./read-field.ts";
import { SmithersError } from "./smithers-error.ts";

/**
 * The SmithersError that a server answered with, or that a run's record holds.
 * @param sent the body of an answer (`{ error: { code, message, details } }`), or an error record
 * @param status of the HTTP answer; default: the code's own. A newer server may have codes that this copy has not.
 * @returns undefined when `sent` is neither: something else than a Smithers server answered
 */
export function fromWire(sent: unknown, status?: number): SmithersError | undefined {
  const record = readField(sent, "error") ?? sent;
  const code = readField(record, "code");
  const message = readField(record, "message");
  if (typeof code !== "string" || typeof message !== "string") return undefined;
  const details = readField(record, "details") ?? undefined;
  const [problem, advice] = split(code, message);
  return new SmithersError(code as ErrorCode, problem, { advice, details, status: status ?? statusOf(code) });
}

/** What is sent is the composed message. Its advice is known by the code's; another release words it differently. */
function split(code: string, message: string): [problem: string, advice: string] {
  const advice = isErrorCode(code) ? errorCodes[code].advice : "";
  if (advice === "" || !message.endsWith(advice)) return [message, ""];
  return [message.slice(0, -advice.length).trimEnd(), advice];
}

function statusOf(code: string): number {
  return isErrorCode(code) ? errorCodes[code].status : 500;
}

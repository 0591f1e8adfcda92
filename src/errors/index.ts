export { type ErrorCode, errorCodes, isErrorCode } from "./codes.ts";
export { cutDetails, cutText, maxDetailsBytes, maxMessageBytes } from "./cut.ts";
export { describeThrown, messageOf, type ThrownDescription } from "./describe-thrown.ts";
export { fromWire } from "./from-wire.ts";
export { NonRetryableError } from "./non-retryable-error.ts";
export { isError, readField } from "./read-field.ts";
export { toErrorRecord } from "./record.ts";
export * from "./refusals.ts";
export { type ErrorRecord, isSmithersError, SmithersError, type SmithersErrorOptions } from "./smithers-error.ts";

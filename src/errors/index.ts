export { type ErrorCode, errorCodes } from "./codes.ts";
export { NonRetryableError } from "./non-retryable-error.ts";
export { toErrorRecord } from "./record.ts";
export { type ErrorRecord, isSmithersError, SmithersError, type SmithersErrorOptions } from "./smithers-error.ts";

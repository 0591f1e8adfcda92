export { keepSecret } from "./known.ts";
export { isSecretField, redact, redactBeginning, redactJson, redactValue, secretFields } from "./redact.ts";

// Without printable.ts, which needs Node: the client in a browser imports this.
export { keepSecret } from "./known-secrets.ts";
export { isSecretField, redact, redactBeginning, redacted, redactJson } from "./redact.ts";

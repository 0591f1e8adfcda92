export { type BashOptions, bash } from "./bash.ts";

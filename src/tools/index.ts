export { bash, type BashOptions } from "./bash.ts";

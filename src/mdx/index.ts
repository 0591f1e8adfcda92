export { compileMdx } from "./compile.ts";
export { esmOf } from "./esm.ts";
export { mdxPlugin } from "./plugin.ts";

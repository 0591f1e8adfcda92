export { mdxPlugin } from "./mdx/index.ts";

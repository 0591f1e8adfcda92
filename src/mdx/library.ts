// `npm run build` bundles this module with its 115 packages, so that users install none of them.
export { compile } from "@mdx-js/mdx";

import { runtime } from "../runtime/index.ts";
import { compileMdx } from "./compile.ts";

/**
 * Lets modules of this process import `.mdx` files, whose default export is then a component. Programs that import
 * workflows themselves call it in a preload file; the server and the `smithers` command need no plugin.
 *
 * @example
 * // preload.ts, named by `preload = ["./preload.ts"]` in bunfig.toml
 * import { mdxPlugin } from "smithers-orchestrator/mdx-plugin";
 * mdxPlugin();
 */
export function mdxPlugin(): void {
  runtime.compileOnImport(".mdx", compileMdx);
}

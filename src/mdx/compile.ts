import { moduleFile } from "../package/index.ts";
import { BundleError } from "../runtime/index.ts";

/** What MDX throws: a message of the package vfile-message. */
interface MdxMessage {
  readonly reason: string;
  readonly line?: number;
  readonly column?: number;
}

/**
 * Compiles MDX to a module whose default export is a component.
 * @param file absolute path, for messages
 * @throws BundleError with the place of a mistake
 */
export async function compileMdx(source: string, file: string): Promise<string> {
  // Loaded when it is used: most workflows import no MDX.
  const { compile } = (await import(moduleFile("mdx/library"))) as typeof import("./library.ts");
  try {
    return String(await compile({ value: source, path: file }, { jsxImportSource: "smithers-orchestrator" }));
  } catch (thrown) {
    const { reason, line, column } = thrown as MdxMessage;
    throw new BundleError({ file, line, column, message: reason });
  }
}

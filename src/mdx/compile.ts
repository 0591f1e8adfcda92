import { noteSourceLines, type SourceLine } from "../containment/index.ts";
import { moduleFile } from "../package/index.ts";
import { BundleError } from "../runtime/index.ts";

/** What MDX throws: a message of the package vfile-message. */
interface MdxMessage {
  readonly reason: string;
  readonly line?: number;
  readonly column?: number;
}

type Mapping = Record<"generated" | "original", SourceLine["original"]>;

/** A generator of source maps, as the compiler wants one, that only keeps what it is told. */
function collectorInto(lines: SourceLine[]) {
  return class {
    addMapping({ generated, original }: Mapping): void {
      // The compiler uses the objects again.
      lines.push({
        compiled: { line: generated.line, column: generated.column },
        original: { line: original.line, column: original.column },
      });
    }

    toJSON(): object {
      return {};
    }
  } as never;
}

/**
 * Compiles MDX to a module whose default export is a component.
 * @param file absolute path, for messages
 * @throws BundleError with the place of a mistake
 */
export async function compileMdx(source: string, file: string): Promise<string> {
  // Loaded when it is used: most workflows import no MDX.
  const { compile } = (await import(moduleFile("mdx/library"))) as typeof import("./library.ts");
  const lines: SourceLine[] = [];
  noteSourceLines(file, undefined);
  try {
    const options = { jsxImportSource: "smithers-orchestrator", SourceMapGenerator: collectorInto(lines) };
    const code = String(await compile({ value: source, path: file }, options));
    noteSourceLines(file, lines);
    return code;
  } catch (thrown) {
    const { reason, line, column } = thrown as MdxMessage;
    throw new BundleError({ file, line, column, message: reason });
  }
}

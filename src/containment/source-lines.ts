/** A place in a file. Lines count from 1, columns from 0. */
interface Place {
  readonly line: number;
  readonly column: number;
}

/** Where a place of a compiled source comes from. */
export interface SourceLine {
  readonly compiled: Place;
  readonly original: Place;
}

/** By absolute path, the sources that are compiled before the runtime sees them: its stacks name the compiled lines. */
const compiled = new Map<string, readonly SourceLine[]>();

/**
 * Makes known where the lines of a compiled file come from; the last call counts.
 * @param lines in the order of the compiled source; undefined for a file that does not compile
 */
export function noteSourceLines(file: string, lines: readonly SourceLine[] | undefined): void {
  if (lines === undefined || lines.length === 0) compiled.delete(file);
  else compiled.set(file, lines);
}

/** The place in the source of a place that the runtime names; lines and columns count from 1. */
export function placeInSource(file: string, line: number, column: number): { line: number; column: number } {
  const lines = compiled.get(file);
  if (!lines) return { line, column };
  const isBefore = ({ compiled: at }: SourceLine) => at.line < line || (at.line === line && at.column < column);
  const { original } = lines.findLast(isBefore) ?? lines[0]!;
  return { line: original.line, column: original.column + 1 };
}

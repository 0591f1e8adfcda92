import { packageInfo } from "../package/index.ts";
import { runProgram } from "./program.ts";

/**
 * Runs a command line to its end, and prints an error for a person. Returns the exit code.
 * @param argv the arguments after the program's name
 */
export async function runLine(argv: readonly string[]): Promise<number> {
  try {
    return await runProgram(argv, packageInfo().version);
  } catch (error) {
    const [{ describeError, exitCodeOf }, { manyLines }] = await Promise.all([
      import("./errors.ts"),
      import("../text/printable.ts"),
    ]);
    process.stderr.write(`smithers: ${manyLines(describeError(error))}\n`);
    return exitCodeOf(error);
  }
}

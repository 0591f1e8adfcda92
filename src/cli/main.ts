import { packageInfo } from "../package/index.ts";
import { runProgram } from "./program.ts";

/** Ends the command when its reader is gone, as `head` is after its last line. Work that is done stays done. */
function endQuietly(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
}

process.stdout.on("error", endQuietly);
process.stderr.on("error", endQuietly);

let code: number;
try {
  code = await runProgram(process.argv.slice(2), packageInfo().version);
} catch (error) {
  const [{ describeError, exitCodeOf }, { manyLines }] = await Promise.all([
    import("./errors.ts"),
    import("../text/printable.ts"),
  ]);
  process.stderr.write(`smithers: ${manyLines(describeError(error))}\n`);
  code = exitCodeOf(error);
}
await new Promise<void>((resolve) => process.stdout.write("", () => resolve()));
process.exit(code);

import { runLine } from "./run-line.ts";

/** Ends the command when its reader is gone, as `head` is after its last line. Work that is done stays done. */
function endQuietly(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
}

process.stdout.on("error", endQuietly);
process.stderr.on("error", endQuietly);

const code = await runLine(process.argv.slice(2));
await new Promise<void>((resolve) => process.stdout.write("", () => resolve()));
process.exit(code);

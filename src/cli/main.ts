import { runLine } from "./run-line.ts";

/** Ends the command when its reader is gone, as `head` is after its last line. Work that is done stays done. */
function endQuietly(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
}

process.stdout.on("error", endQuietly);
process.stderr.on("error", endQuietly);

// An author's code can take away what this waits for. Without anything left to wait for, Bun would exit with 0.
process.on("beforeExit", () => {
  process.stderr.write("smithers: The process has nothing left to wait for, and the command has not ended.\n");
  process.exit(1);
});

const code = await runLine(process.argv.slice(2));
await new Promise<void>((resolve) => process.stdout.write("", () => resolve()));
process.exit(code);

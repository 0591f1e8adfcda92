import { runLine } from "../../src/cli/run-line.ts";

// A program that runs one command line after the other, and answers what each has printed; see hosted-commands.ts.

/** A command line, and the folder that it is run in. */
export interface HostedLine {
  readonly cwd: string;
  readonly args: readonly string[];
}

const printed = { out: "", err: "" };
capture(process.stdout, "out");
capture(process.stderr, "err");

process.on("message", async ({ cwd, args }: HostedLine) => {
  printed.out = "";
  printed.err = "";
  process.chdir(cwd);
  const code = await runLine(args);
  process.send!({ code, signal: null, ...printed });
});

function capture(stream: NodeJS.WriteStream, name: keyof typeof printed): void {
  stream.write = (text: string | Uint8Array, ...rest: unknown[]) => {
    printed[name] += typeof text === "string" ? text : Buffer.from(text).toString();
    const written = rest.at(-1);
    if (typeof written === "function") written();
    return true;
  };
}

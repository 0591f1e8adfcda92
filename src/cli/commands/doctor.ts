import { type CommandContext, defineCommand, type ExitCode, exitCodes } from "../command.ts";
import { wholeNumber } from "../options.ts";

interface Options {
  readonly db?: string;
  readonly port: number;
}

export const doctor = defineCommand<Options>({
  name: "doctor",
  group: "Look after things",
  summary: "Say what works on this machine, and what to do about the rest",
  description: "It exits with 1 when something fails that runs need.",
  options: [
    { flags: "--db <file>", description: "the database to look at; the nearest smithers.db when absent" },
    {
      flags: "-p, --port <port>",
      description: "where a server is to listen",
      default: 7331,
      parse: wholeNumber(0, 65_535),
    },
  ],
  json: "value",
  examples: [["doctor", "look at Bun, the sandbox, the database, the port and the disk"]],
  async run(context: CommandContext, { db, port }): Promise<ExitCode | undefined> {
    const { examine } = await import("../doctor/examine.ts");
    const findings = await examine({ db, port });
    const { out } = context;
    const failed = findings.some(({ state }) => state === "fail");
    if (out.isJson) out.json({ ok: !failed, findings });
    else {
      const colours = { ok: "green", warn: "yellow", fail: "red" } as const;
      for (const { state, name, finding, advice } of findings) {
        out.line(`${out.style(colours[state], state.padEnd(4))}  ${name.padEnd(9)}  ${finding}`);
        if (advice !== undefined) out.line(`                 ${advice}`);
      }
    }
    return failed ? exitCodes.failed : undefined;
  },
});

import { type CommandContext, defineCommand, type ExitCode, exitCodes } from "../command.ts";
import { wholeNumber } from "../options.ts";

interface Options {
  readonly db?: string;
  readonly port: number;
}

export const doctor = defineCommand<Options>({
  name: "doctor",
  group: "Maintenance",
  summary: "Check what works on this machine, and how to repair the rest",
  description: "Exits with 1 if a check fails that runs depend on.",
  options: [
    { flags: "--db <file>", description: "database to check; also SMITHERS_DB (default: the nearest smithers.db)" },
    {
      flags: "-p, --port <port>",
      description: "port that a server would listen on",
      default: 7331,
      parse: wholeNumber(0, 65_535),
    },
  ],
  json: "value",
  examples: [["doctor", "check Bun, the sandbox, ripgrep, the database, the port and the disk"]],
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

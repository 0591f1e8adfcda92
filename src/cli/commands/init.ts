import { type CommandContext, defineCommand, type ExitCode } from "../command.ts";

export const init = defineCommand({
  name: "init",
  group: "Run workflows",
  summary: "Set up a small project with a workflow that is ready to run",
  description:
    "An existing package.json or .gitignore is kept, and only missing entries are added. If one of the other files " +
    "exists, nothing is written.",
  arguments: [{ name: "[folder]", description: "the project's folder (default: the current folder)" }],
  json: "value",
  examples: [
    ["init flows", "set up a project in the folder flows"],
    ["init", "add workflows to the project in the current folder"],
  ],
  async run(context: CommandContext, _, given): Promise<ExitCode | undefined> {
    const { initProject } = await import("../init/project.ts");
    const { folder, files, changed, startsHello } = initProject(given ?? ".");
    const { out } = context;
    if (out.isJson) out.json({ folder, files, changed });
    else {
      for (const file of files) out.line(`${changed.includes(file) ? "changed" : "created"} ${file}`);
      const start = startsHello ? "npm start" : "npx smithers up hello.tsx";
      const steps = [
        ...(given === undefined || given === "." ? [] : [[`cd ${given}`]]),
        ["npm install"],
        [start, "runs hello.tsx, which asks for a decision"],
        ["npx smithers ps", "lists every run and what it is waiting for"],
      ];
      const width = Math.max(...steps.map(([command]) => command!.length));
      out.say("\nNext:");
      for (const [command, does] of steps) out.say(`  ${does ? `${command!.padEnd(width)}   # ${does}` : command}`);
    }
    return undefined;
  },
});

import { type CommandContext, defineCommand, type ExitCode } from "../command.ts";

export const init = defineCommand({
  name: "init",
  group: "Run workflows",
  summary: "Set up a small project that runs at once",
  description:
    "A package.json and a .gitignore that exist are kept, and what they lack is added. When another of its files " +
    "exists, nothing is written.",
  arguments: [{ name: "[folder]", description: "the project's folder; this folder when absent" }],
  json: "value",
  examples: [
    ["init flows", "set up a project in the folder flows"],
    ["init", "add workflows to the project in this folder"],
  ],
  async run(context: CommandContext, _, given): Promise<ExitCode | undefined> {
    const { initProject } = await import("../init/project.ts");
    const { folder, files, changed, startsHello } = initProject(given ?? ".");
    const { out } = context;
    if (out.isJson) out.json({ folder, files, changed });
    else {
      for (const file of files) out.line(`${changed.includes(file) ? "changed" : "made"} ${file}`);
      const start = startsHello ? "npm start" : "npx smithers up hello.tsx";
      const steps = [
        ...(given === undefined || given === "." ? [] : [[`cd ${given}`]]),
        ["npm install"],
        [start, "runs hello.tsx, which asks for a decision"],
        ["npx smithers ps", "lists every run and what it waits for"],
      ];
      const width = Math.max(...steps.map(([command]) => command!.length));
      out.say("\nNext:");
      for (const [command, does] of steps) out.say(`  ${does ? `${command!.padEnd(width)}   # ${does}` : command}`);
    }
    return undefined;
  },
});

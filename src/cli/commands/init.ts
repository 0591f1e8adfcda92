import { type CommandContext, defineCommand, type ExitCode } from "../command.ts";

export const init = defineCommand({
  name: "init",
  group: "Run workflows",
  summary: "Make a small project that runs at once",
  description: "It overwrites nothing: when one of its files is there already, it makes none of them.",
  arguments: [{ name: "[folder]", description: "where; this folder when absent" }],
  json: "value",
  examples: [["init flows", "make a project in the folder flows"]],
  async run(context: CommandContext, _, given): Promise<ExitCode | undefined> {
    const { initProject } = await import("../init/project.ts");
    const { folder, files } = initProject(given ?? ".");
    const { out } = context;
    if (out.isJson) out.json({ folder, files });
    else {
      for (const file of files) out.line(`made ${file}`);
      out.say("\nNow:");
      if (given !== undefined && given !== ".") out.say(`  cd ${given}`);
      out.say("  npm install");
      out.say("  npm start          # runs hello.tsx; it asks for a decision");
      out.say("  npx smithers ps    # every run, and what it waits for");
    }
    return undefined;
  },
});

import { defineCommand } from "../command.ts";
import { completionScripts, type Shell } from "../completion/completion-scripts.ts";

export const completions = defineCommand({
  name: "completions",
  group: "Maintenance",
  summary: "Print a shell script that completes commands, options, runs and nodes",
  arguments: [{ name: "<shell>", description: "the shell to complete in", choices: Object.keys(completionScripts) }],
  examples: [
    ["completions bash >> ~/.bashrc", "for bash"],
    ["completions zsh > ~/.zfunc/_smithers", "for zsh, if ~/.zfunc is in fpath"],
    ["completions fish > ~/.config/fish/completions/smithers.fish", "for fish"],
  ],
  async run({ out }, _, shell) {
    out.line(completionScripts[shell as Shell].trimEnd());
    return undefined;
  },
});

import { defineCommand } from "../command.ts";
import { completionScripts, type Shell } from "../completion/completion-scripts.ts";

export const completions = defineCommand({
  name: "completions",
  group: "Look after things",
  summary: "Print a script that lets a shell complete commands, options, runs and nodes",
  arguments: [{ name: "<shell>", description: "which one", choices: Object.keys(completionScripts) }],
  examples: [
    ["completions bash >> ~/.bashrc", "for bash"],
    ["completions zsh > ~/.zfunc/_smithers", "for zsh, where ~/.zfunc is in its fpath"],
    ["completions fish > ~/.config/fish/completions/smithers.fish", "for fish"],
  ],
  async run({ out }, _, shell) {
    out.line(completionScripts[shell as Shell].trimEnd());
    return undefined;
  },
});

import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { cliPage } from "../../scripts/cli-page.ts";
import { commands } from "../../src/cli/commands/index.ts";
import { optionsOf } from "../../src/cli/program.ts";
import { projectDir } from "../support/packed.ts";

test("docs/cli.md lists the commands that there are; scripts/cli-page.ts writes them", () => {
  expect(readFileSync(join(projectDir, "docs/cli.md"), "utf8")).toBe(cliPage());
});

test("the examples of a command use it, with options that it has", () => {
  for (const command of commands) {
    const flags = optionsOf(command).flatMap((option) => option.flags.match(/(?<![\w-])--?[a-z][\w-]*/g) ?? []);
    expect(command.examples.length).toBeGreaterThan(0);
    for (const [line] of command.examples) {
      const own = line.split(/ [|>]/)[0]!;
      expect(own.split(" ")[0]).toBe(command.name);
      for (const [flag] of own.replace(/'[^']*'|"[^"]*"/g, "").matchAll(/(?<=\s)--?[a-z][\w-]*/g)) {
        expect(flags).toContain(flag);
      }
    }
  }
});

import { existsSync, statSync } from "node:fs";
import { defineCommand } from "../command.ts";
import { usageError } from "../errors.ts";
import { bytes } from "../terminal/format.ts";

export const backup = defineCommand({
  name: "backup",
  group: "Look after things",
  summary: "Copy the database, as it is now, to a new file",
  description:
    "Others may use the database meanwhile; the copy is whole, or not there. Databases that workflows name for " +
    "themselves are copied by a command of their own, with --db.",
  arguments: [{ name: "<file>", description: "the copy, which must not exist yet" }],
  state: "database",
  json: "value",
  examples: [['backup "backups/$(date +%F).db"', "a copy that bears the day"]],
  async run(context, _, file) {
    const state = await context.database();
    if (existsSync(file!)) throw usageError(`There is a file ${file} already. Name one that does not exist yet.`);
    await state.store.maintenance.backup(file!);
    const size = statSync(file!).size;
    if (context.out.isJson) context.out.json({ file, bytes: size });
    else context.out.line(`${file} holds the database as it was: ${bytes(size)}.`);
    return undefined;
  },
});

import { existsSync, statSync } from "node:fs";
import { defineCommand } from "../command.ts";
import { usageError } from "../errors.ts";
import { bytes } from "../terminal/format.ts";

export const backup = defineCommand({
  name: "backup",
  group: "Maintenance",
  summary: "Copy the database to a new file",
  description:
    "The database may be in use meanwhile. The copy is either complete or not created. Databases that workflows name " +
    "for themselves are not included; copy each with its own backup --db.",
  arguments: [{ name: "<file>", description: "path of the copy, which must not exist yet" }],
  state: "database",
  json: "value",
  examples: [['backup "backups/$(date +%F).db"', "a copy named after the date"]],
  async run(context, _, file) {
    const state = await context.database();
    if (existsSync(file!)) throw usageError(`The file ${file} already exists. Choose another path.`);
    await state.store.maintenance.backup(file!);
    const size = statSync(file!).size;
    if (context.out.isJson) context.out.json({ file, bytes: size });
    else context.out.line(`Copied the database to ${file} (${bytes(size)}).`);
    return undefined;
  },
});

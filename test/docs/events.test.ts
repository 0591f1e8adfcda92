import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { eventsPage } from "../../scripts/events-page.ts";
import { eventSchema } from "../../src/model/event-schemas.ts";
import { eventTypes } from "../../src/model/index.ts";
import { projectDir } from "../support/packed.ts";

const page = readFileSync(join(projectDir, "docs/events.md"), "utf8");

test("docs/events.md lists the event types, fields and examples that the schemas define; npm run pages writes it", () => {
  expect(page).toBe(eventsPage());
});

test.each(eventTypes)("the example of %s is one, and every field is explained", (type) => {
  const section = page.split(/\n(?=#{2,3} |<!-- end)/).find((part) => part.startsWith(`### ${type}\n`))!;
  const example = JSON.parse(/```json\n(.*)\n```/.exec(section)![1]!);
  expect(example.type).toBe(type);
  eventSchema(type).strict().parse(example);
  const named = [...section.matchAll(/^\| `(\w+)` \| [^|]+ \| (.*) \|$/gm)];
  expect(named.map(([, name]) => name)).toEqual(
    Object.keys(eventSchema(type).shape).filter((name) => !["type", "runId", "timestampMs"].includes(name)),
  );
  for (const [, , about] of named) expect(about).not.toBe("");
});

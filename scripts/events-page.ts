import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { eventReference, exampleEvent } from "../src/api/index.ts";
import { eventSchema } from "../src/model/event-schemas.ts";
import { type EventType, eventTypes, isTerminalEvent } from "../src/model/index.ts";
import { replaceMarked } from "./marked-page.ts";

const page = fileURLToPath(new URL("../docs/events.md", import.meta.url));
const common = ["type", "runId", "timestampMs"];

/** docs/events.md with the event types, their fields and examples as the schemas define them. */
export function eventsPage(text = readFileSync(page, "utf8")): string {
  return replaceMarked(text, "events", "events-page.ts", `${overview()}\n\n${eventTypes.map(section).join("\n\n")}`);
}

function overview(): string {
  const rows = eventTypes.map((type) => [`[\`${type}\`](#${type.toLowerCase()})`, eventReference[type].about]);
  return table(["type", "when"], rows);
}

function section(type: EventType): string {
  const fields = Object.entries(eventSchema(type).shape as Record<string, z.ZodType>)
    .filter(([name]) => !common.includes(name))
    .map(([name, field]) => [code(name), typeOf(field), descriptionOf(field)]);
  return [
    `### ${type}`,
    eventReference[type].about,
    ...(isTerminalEvent(type) ? ["A stream of the run's events ends after this one."] : []),
    fields.length > 0 ? table(["field", "type", ""], fields) : "It has no other fields.",
    `\`\`\`json\n${JSON.stringify(exampleEvent(type))}\n\`\`\``,
  ].join("\n\n");
}

/** A field's type as people write it: `integer`, `string or null`, `"stdout", "stderr"`, optional where it is. */
function typeOf(field: z.ZodType): string {
  const schema = z.toJSONSchema(field, { io: "output", unrepresentable: "any" }) as JsonSchema;
  return words(schema) + (field.safeParse(undefined).success ? ", optional" : "");
}

interface JsonSchema {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly anyOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly required?: readonly string[];
}

function words({ type, enum: values, anyOf, properties, required = [] }: JsonSchema): string {
  if (anyOf) return anyOf.map(words).join(" or ");
  if (values) return values.map((value) => code(JSON.stringify(value))).join(", ");
  if (!properties) return type ?? "any JSON";
  const names = Object.keys(properties).map((name) => (required.includes(name) ? name : `${name}?`));
  return code(`{ ${names.join(", ")} }`);
}

/** An optional field keeps its description inside. */
function descriptionOf(field: z.ZodType): string {
  const inner = field instanceof z.ZodOptional ? (field.unwrap() as z.ZodType) : field;
  return field.description ?? inner.description ?? "";
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]) =>
  [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");

const code = (text: string) => `\`${text.replaceAll("|", "\\|")}\``;

if (import.meta.main) writeFileSync(page, eventsPage());

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { catalogue, labels, type Metric, prometheusType } from "../src/telemetry/index.ts";
import { replaceMarked } from "./marked-page.ts";

const page = fileURLToPath(new URL("../docs/observability.md", import.meta.url));

/** The text of docs/observability.md, with the tables of metrics and labels as the code defines them. */
export function observabilityPage(text = readFileSync(page, "utf8")): string {
  return replaceMarked(text, "metrics", "metrics-page.ts", `${metricsTable()}\n\n${labelsTable()}`);
}

function metricsTable(): string {
  const rows = Object.entries<Metric>(catalogue).map(([name, { kind, help, labels }]) => [
    code(name),
    prometheusType(kind),
    labels.map(code).join(", "),
    help,
  ]);
  return table(["metric", "type", "labels", ""], rows);
}

function labelsTable(): string {
  const rows = Object.entries<{ help: string; values?: readonly string[] }>(labels).map(([name, { help, values }]) => [
    code(name),
    help,
    name === "type" ? "the event types" : (values ?? []).map(code).join(", "),
  ]);
  return table(["label", "", "values"], rows);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
  return lines.join("\n");
}

const code = (text: string) => `\`${text}\``;

if (import.meta.main) writeFileSync(page, observabilityPage());

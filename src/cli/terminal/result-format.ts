import { printableJson } from "../../text/printable.ts";

/** How results are printed for programs: JSON, JSON with one value a line, or YAML. */
export const resultFormats = ["json", "jsonl", "yaml"] as const;
export type ResultFormat = (typeof resultFormats)[number];

/** Writes a result as text. */
export type WriteResult = (value: unknown) => string;

export async function resultWriter(format: ResultFormat): Promise<WriteResult> {
  switch (format) {
    case "json":
      return (value) => printableJson(value, 2);
    case "jsonl":
      return (value) =>
        [value]
          .flat()
          .map((one) => printableJson(one))
          .join("\n");
    case "yaml": {
      const { stringify } = await import("yaml");
      return (value) => stringify(value).trimEnd();
    }
  }
}

import { Table } from "console-table-printer";
import { runtime } from "../../runtime/index.ts";

/** A column of a table. */
export interface Column {
  readonly name: string;
  /** Default: the name in capitals. */
  readonly title?: string;
  readonly align?: "left" | "right";
  /** When there is no room, the columns with the highest number are dropped first; those with 0, the default, stay. */
  readonly drop?: number;
  /** Whether cells may be shortened when there is no room. */
  readonly flexible?: boolean;
}

const nothing = { left: "", mid: "", right: "", other: "" };
const style = {
  headerTop: nothing,
  headerBottom: nothing,
  tableBottom: nothing,
  rowSeparator: nothing,
  vertical: "",
};
/** Width that the printer adds around each cell. */
const gap = 2;
/** A narrower cell is no longer readable. */
const minWidth = 8;

/**
 * Renders a table without borders, at most `width` columns wide: drops the less important columns, then shortens
 * flexible ones, the widest first. A table that is still too wide is written with one field per line.
 * @param head styles a title
 */
export function renderTable(
  columns: readonly Column[],
  rows: readonly Record<string, string>[],
  width: number,
  head: (title: string) => string = (title) => title,
): string[] {
  // Optional columns without any value are not shown.
  let shown = columns.filter(({ name, drop = 0 }) => drop === 0 || rows.some((row) => (row[name] ?? "") !== ""));
  const widths = new Map(
    shown.map((column) => {
      const whole = widthOf(column, rows);
      return [column.name, column.flexible ? Math.min(whole, Math.max(width, minWidth)) : whole];
    }),
  );
  const total = () => shown.reduce((sum, { name }) => sum + widths.get(name)! + gap, -gap);
  for (;;) {
    const last = shown.reduce<Column | undefined>(
      (most, one) => ((one.drop ?? 0) > (most?.drop ?? 0) ? one : most),
      undefined,
    );
    const cuttable = shown.reduce(
      (sum, one) => sum + (one.flexible ? Math.max(widths.get(one.name)! - minWidth, 0) : 0),
      0,
    );
    if (total() - cuttable <= width || !last) break;
    shown = shown.filter((column) => column !== last);
  }
  for (let over = total() - width; over > 0; over--) {
    const widest = shown.reduce<Column | undefined>(
      (most, one) => (one.flexible && widths.get(one.name)! > (most ? widths.get(most.name)! : minWidth) ? one : most),
      undefined,
    );
    if (!widest) break;
    widths.set(widest.name, widths.get(widest.name)! - 1);
  }
  if (total() > width) return asFields(columns, rows, head);
  const table = new Table({
    style,
    shouldDisableColors: true,
    columns: shown.map(({ name, title, align = "left" }) => ({
      name,
      title: head(title ?? titleOf(name)),
      alignment: align,
    })),
    rows: rows.map((row) =>
      Object.fromEntries(shown.map(({ name }) => [name, cut(row[name] ?? "", widths.get(name)!)])),
    ),
  });
  return (
    table
      .render()
      .split("\n")
      .filter((line) => line.trim() !== "")
      // The printer measures some scripts differently than terminals do.
      .map((line) => cut(line.slice(1).trimEnd(), width))
  );
}

function widthOf({ name, title }: Column, rows: readonly Record<string, string>[]): number {
  return rows.reduce(
    (most, row) => Math.max(most, runtime.displayWidth(row[name] ?? "")),
    (title ?? titleOf(name)).length,
  );
}

const titleOf = (name: string) => name.toUpperCase();

function asFields(
  columns: readonly Column[],
  rows: readonly Record<string, string>[],
  head: (title: string) => string,
): string[] {
  return rows.flatMap((row, index) => [
    ...(index === 0 ? [] : [""]),
    ...columns.filter(({ name }) => row[name]).map(({ name, title }) => `${head(title ?? titleOf(name))} ${row[name]}`),
  ]);
}

/** Shortens a text to `width` columns; styles do not count. */
export function cut(text: string, width: number): string {
  if (runtime.displayWidth(text) <= width) return text;
  let kept = "";
  let columns = 0;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: styles begin with one
  for (const [part] of text.matchAll(/\u001b\[[\d;]*m|./gsu)) {
    const isStyle = part.startsWith("\u001b");
    columns += isStyle ? 0 : runtime.displayWidth(part);
    if (columns < width || isStyle) kept += part;
    else if (columns - runtime.displayWidth(part) < width && columns >= width && !kept.endsWith("…")) kept += "…";
  }
  return kept;
}

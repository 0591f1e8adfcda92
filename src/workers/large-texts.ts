import type { TurnRecord } from "../store/index.ts";
import { isLongText } from "./as-json.ts";

/** A turn whose large texts are left out, and these, in the order of their places. */
export interface WithLargeTexts {
  readonly turn: TurnRecord;
  readonly texts: readonly string[];
}

/**
 * Takes the large texts out of a turn that becomes JSON: the JSON of an output would be escaped, copied and parsed once
 * more as a part of another.
 */
export function takeLargeTexts(turn: TurnRecord): WithLargeTexts {
  const texts: string[] = [];
  const isLarge = ({ json }: { readonly json: string }) => isLongText(json);
  if (!turn.outputs.some(isLarge) && !turn.cached.some(isLarge)) return { turn, texts };
  const take = <T extends { readonly json: string }>(row: T): T => {
    if (!isLarge(row)) return row;
    texts.push(row.json);
    return { ...row, json: "" };
  };
  return { turn: { ...turn, outputs: turn.outputs.map(take), cached: turn.cached.map(take) }, texts };
}

/** Puts the texts that {@link takeLargeTexts} has taken back. No other row's JSON is empty. */
export function putLargeTexts({ turn, texts }: WithLargeTexts): TurnRecord {
  if (texts.length === 0) return turn;
  let at = 0;
  const put = <T extends { readonly json: string }>(row: T): T =>
    row.json === "" ? { ...row, json: texts[at++] as string } : row;
  return { ...turn, outputs: turn.outputs.map(put), cached: turn.cached.map(put) };
}

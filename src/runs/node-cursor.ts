import { z } from "zod";
import { unknownCursor } from "../errors/index.ts";
import type { NodePosition } from "../store/index.ts";

const positionSchema = z.tuple([z.int(), z.int().nonnegative(), z.string()]);

/** The cursor of the page after this node. */
export function cursorOf({ ordinal, iteration, nodeId }: NodePosition): string {
  return Buffer.from(JSON.stringify([ordinal, iteration, nodeId])).toString("base64url");
}

/** @throws INVALID_REQUEST for an unknown cursor */
export function positionOf(cursor: string | undefined): NodePosition | undefined {
  if (cursor === undefined) return undefined;
  try {
    const position = positionSchema.parse(JSON.parse(Buffer.from(cursor, "base64url").toString()));
    const [ordinal, iteration, nodeId] = position;
    return { ordinal, iteration, nodeId };
  } catch {
    throw unknownCursor();
  }
}

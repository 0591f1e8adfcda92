import { unknownCursor } from "../errors/index.ts";
import type { NodePosition } from "../store/index.ts";

/** The cursor of the page after this node. */
export function cursorOf({ ordinal, iteration, nodeId }: NodePosition): string {
  return Buffer.from(JSON.stringify([ordinal, iteration, nodeId])).toString("base64url");
}

/** @throws INVALID_REQUEST for an unknown cursor */
export async function positionOf(cursor: string | undefined): Promise<NodePosition | undefined> {
  if (cursor === undefined) return undefined;
  // Most commands read one page, and Zod would be a third of what they load.
  const { z } = await import("zod");
  const positionSchema = z.tuple([z.int(), z.int().nonnegative(), z.string()]);
  try {
    const position = positionSchema.parse(JSON.parse(Buffer.from(cursor, "base64url").toString()));
    const [ordinal, iteration, nodeId] = position;
    return { ordinal, iteration, nodeId };
  } catch {
    throw unknownCursor();
  }
}

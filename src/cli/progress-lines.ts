import type { SmithersEvent, StoredEvent } from "../model/index.ts";
import { eventLine } from "./event-line.ts";
import type { Progress } from "./execute-here.ts";
import type { Output } from "./output.ts";

/** Progress as plain lines on stderr: what happens to the nodes, and what they print. */
export function linesProgress(out: Output): Progress {
  return {
    show(events: readonly StoredEvent[]) {
      for (const { json } of events) {
        const line = eventLine(JSON.parse(json) as SmithersEvent, (style, text) => out.styleSaid(style, text));
        if (line !== undefined) out.say(line);
      }
    },
    end() {},
  };
}

import { type EventType, isTerminalEvent, type StoredEvent } from "../../model/index.ts";

/**
 * The events of a server's event stream. Without `follow` it ends when nothing came for a moment: what is stored
 * comes at once, and nothing says where it ends.
 */
export async function* readEventStream(answer: Response, runId: string, follow: boolean): AsyncGenerator<StoredEvent> {
  const decoder = new TextDecoder();
  let text = "";
  const reader = answer.body!.getReader();
  for (let begun = false; ; begun = true) {
    const chunk = await (follow || !begun ? reader.read() : within(quietMs, reader.read()));
    if (chunk === undefined || chunk.done) return;
    text += decoder.decode(chunk.value, { stream: true });
    const blocks = text.split("\n\n");
    text = blocks.pop()!;
    for (const block of blocks) {
      const seq = /^id: (\d+)$/m.exec(block)?.[1];
      const json = /^data: (.*)$/m.exec(block)?.[1];
      if (seq === undefined || json === undefined) continue;
      const { type } = JSON.parse(json) as { type: EventType };
      yield { runId, seq: Number(seq), type, json };
      if (!follow && isTerminalEvent(type) && blocks.at(-1) === block) return;
    }
  }
}

const quietMs = 500;

async function within<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

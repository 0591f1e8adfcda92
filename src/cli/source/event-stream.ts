import { type EventType, isTerminalEvent, type StoredEvent } from "../../model/index.ts";

/**
 * The events of a server's event stream after `afterSeq`. Without `follow` it ends with the last that was stored when
 * the stream was opened; a server that does not say which that is has sent it when nothing came for a moment.
 */
export async function* readEventStream(
  answer: Response,
  runId: string,
  afterSeq: number,
  follow: boolean,
): AsyncGenerator<StoredEvent> {
  const told = answer.headers.get("x-last-seq");
  const lastSeq = follow || told === null ? Number.POSITIVE_INFINITY : Number(told);
  if (afterSeq >= lastSeq) return;
  const isPatient = follow || told !== null;
  const decoder = new TextDecoder();
  let text = "";
  const reader = answer.body!.getReader();
  for (let begun = false; ; begun = true) {
    const chunk = await (isPatient || !begun ? reader.read() : within(quietMs, reader.read()));
    if (chunk === undefined || chunk.done) return;
    text += decoder.decode(chunk.value, { stream: true });
    const blocks = text.split("\n\n");
    text = blocks.pop()!;
    for (const block of blocks) {
      const seq = Number(/^id: (\d+)$/m.exec(block)?.[1]);
      const json = /^data: (.*)$/m.exec(block)?.[1];
      if (Number.isNaN(seq) || json === undefined) continue;
      const { type } = JSON.parse(json) as { type: EventType };
      yield { runId, seq, type, json };
      if (seq >= lastSeq || (!follow && isTerminalEvent(type) && blocks.at(-1) === block)) return;
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

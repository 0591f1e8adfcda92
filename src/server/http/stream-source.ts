/** Takes the parts of a stream. */
export interface StreamSink {
  /** Whether a part is sent at once, and nothing waits in memory for the reader. */
  readonly hasRoom: boolean;
  /** @param isLast whether the stream ends with this part; one write can then carry both */
  send(part: Uint8Array, isLast?: boolean): void;
  /** Ends the stream. */
  end(): void;
}

/** What a stream consists of. Uses no resources until it is pulled. */
export interface StreamSource {
  /**
   * Sends the next part once there is one, or ends the stream. The first call sends at once. It is called again when
   * the reader has taken the part before.
   * @throws when the stream cannot be continued
   */
  pull(sink: StreamSink): void | Promise<void>;
  /** Called when the reader has left. */
  leave(): void;
}

/** The stream for a server that reads it. Nothing is made ahead of the reader. */
export function readableOf(source: StreamSource): ReadableStream<Uint8Array> {
  let sink: StreamSink;
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        sink = sinkOf(controller);
      },
      pull: () => source.pull(sink),
      cancel: () => source.leave(),
    },
    { highWaterMark: 0 },
  );
}

function sinkOf(controller: ReadableStreamDefaultController<Uint8Array>): StreamSink {
  return {
    get hasRoom() {
      return controller.desiredSize === 0;
    },
    send(part, isLast) {
      controller.enqueue(part);
      if (isLast) controller.close();
    },
    end: () => controller.close(),
  };
}

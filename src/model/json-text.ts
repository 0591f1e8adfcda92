/** A large value whose JSON is read when an answer that contains it is sent. */
export class LargeJson {
  /** Size of the JSON, in bytes. */
  readonly bytes: number;
  /** Reads the JSON, in UTF-8. */
  readonly read: () => Promise<Uint8Array<ArrayBuffer>>;

  constructor(bytes: number, read: () => Promise<Uint8Array<ArrayBuffer>>) {
    this.bytes = bytes;
    this.read = read;
  }
}

/** A value that is known as its JSON, which an answer can contain without parsing it. */
export class JsonText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  static of(text: string): JsonText {
    return new JsonText(text);
  }

  toJSON(): unknown {
    return JSON.parse(this.text);
  }
}

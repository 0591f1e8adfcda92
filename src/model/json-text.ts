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

/** A longer text, in characters, must not become a part of other JSON: it would be escaped, copied and parsed twice. */
const longTextLength = 16_384;

/** Whether a text travels through a channel as it is, and not as a part of JSON. */
export function isLongText(text: string | undefined): boolean {
  return text !== undefined && text.length > longTextLength;
}

/**
 * A run's input on its way through a channel. A channel copies each value of a text that holds half a million at a cost
 * that blocks the server; one text it copies at once.
 */
export type WithInputJson<T extends { readonly input?: unknown }> = Omit<T, "input"> & {
  readonly inputJson: string | undefined;
};

export function withInputJson<T extends { readonly input?: unknown }>({ input, ...rest }: T): WithInputJson<T> {
  return { ...rest, inputJson: JSON.stringify(input) };
}

export function withInput<T extends { readonly input?: unknown }>({ inputJson, ...rest }: WithInputJson<T>): T {
  const input = inputJson === undefined ? {} : { input: JSON.parse(inputJson) };
  return { ...rest, ...input } as T;
}

import { isLongText } from "./as-json.ts";
import { reviveError, toWireError } from "./wire-error.ts";

/**
 * Named functions that one end of a channel answers. Arguments and results are copied as by `structuredClone`, or as JSON
 * where {@link Channel.callAsJson} says so.
 */
export type Api<T> = { [Name in keyof T]: (...args: never[]) => unknown };

type Arguments<T, Name extends keyof T> = T[Name] extends (...args: infer Args) => unknown ? Args : never;
type Result<T, Name extends keyof T> = T[Name] extends (...args: never[]) => infer Value ? Awaited<Value> : never;

/** One message. Calls and their answers are matched by number. */
type Message =
  | readonly ["call", number, PropertyKey, readonly unknown[]]
  | readonly ["tell", PropertyKey, readonly unknown[]]
  | readonly ["done", number, unknown]
  | readonly ["failed", number, unknown];

/**
 * What travels at once: the JSON of a list of messages, when JSON can carry all of them, and otherwise a list, with the
 * JSON of those that it can carry. One text is copied much faster than many small values.
 */
type Packet = string | readonly (Message | string)[];

/** What carries packets to another process, in order. */
export interface Port {
  /** @throws or rejects when the packet cannot be copied, or the other process has gone */
  send(packet: unknown): Promise<void> | void;
  onMessage(listener: (packet: unknown) => void): void;
}

interface Pending {
  resolve(value: never): void;
  reject(error: unknown): void;
}

/**
 * Typed calls between two processes. Messages of the same turn of the event loop travel in one packet, and the other
 * end begins to answer them in one turn of its event loop, in order.
 */
export class Channel<Here extends Api<Here>, There extends Api<There>> {
  readonly #port: Port;
  readonly #answers: Here;
  readonly #pending = new Map<number, Pending>();
  #outbox: Message[] = [];
  /** The messages that JSON cannot carry. */
  readonly #cloned = new WeakSet<Message>();
  readonly #inbox: Message[] = [];
  /** Whether what waits for an answer is about to learn of it. */
  #isSettling = false;
  #lastNumber = 0;
  #closedBy: Error | undefined;

  /** @param answers called with what the other end calls and tells */
  constructor(port: Port, answers: Here) {
    this.#port = port;
    this.#answers = answers;
    port.onMessage((packet) => {
      this.#inbox.push(...messagesIn(packet));
      this.#takeInbox();
    });
  }

  /** Calls a function of the other end. Rejects with what it throws, or with the reason of {@link close}. */
  call<Name extends keyof There>(name: Name, ...args: Arguments<There, Name>): Promise<Result<There, Name>> {
    return this.#call(name, args, args.every(isPlain));
  }

  /** Like {@link call}, with arguments of which JSON keeps all that matters. */
  callAsJson<Name extends keyof There>(name: Name, ...args: Arguments<There, Name>): Promise<Result<There, Name>> {
    return this.#call(name, args, true);
  }

  #call<Name extends keyof There>(
    name: Name,
    args: Arguments<There, Name>,
    asJson: boolean,
  ): Promise<Result<There, Name>> {
    if (this.#closedBy) return Promise.reject(this.#closedBy);
    const number = ++this.#lastNumber;
    return new Promise((resolve, reject) => {
      this.#pending.set(number, { resolve, reject });
      this.#post(["call", number, name, args], asJson);
    });
  }

  /** Calls a function of the other end without waiting for it. What it returns or throws is dropped. */
  tell<Name extends keyof There>(name: Name, ...args: Arguments<There, Name>): void {
    if (!this.#closedBy) this.#post(["tell", name, args], args.every(isPlain));
  }

  /** Sends at once what waits for the end of this turn of the event loop. */
  flush(): void {
    const messages = this.#outbox;
    this.#outbox = [];
    if (messages.length > 0) this.#send(messages);
  }

  /** Rejects the calls that are not answered, and all that follow. */
  close(reason: Error): void {
    this.#closedBy ??= reason;
    for (const { reject } of this.#pending.values()) reject(this.#closedBy);
    this.#pending.clear();
  }

  #post(message: Message, asJson: boolean): void {
    if (!asJson) this.#cloned.add(message);
    this.#outbox.push(message);
    if (this.#outbox.length === 1) setImmediate(() => this.flush());
  }

  #send(messages: Message[]): void {
    const fail = (error: unknown) => {
      if (messages.length > 1) for (const message of messages) this.#send([message]);
      else this.#undeliverable(messages[0]!, error);
    };
    try {
      this.#port.send(this.#packetOf(messages))?.catch(fail);
    } catch (error) {
      fail(error);
    }
  }

  #packetOf(messages: readonly Message[]): Packet {
    if (!messages.some((message) => this.#cloned.has(message))) return JSON.stringify(messages);
    return messages.map((message) => (this.#cloned.has(message) ? message : JSON.stringify(message)));
  }

  /** Reports a message that cannot be copied to the one who waits for it. */
  #undeliverable(message: Message, error: unknown): void {
    if (message[0] === "call") this.#settle(message[1], ({ reject }) => reject(error));
    if (message[0] === "done") this.#post(["failed", message[1], toWireError(error)], false);
  }

  /** A call that was sent after an answer begins when the code that waited for the answer has continued. */
  #takeInbox(): void {
    let taken = 0;
    for (const message of this.#inbox) {
      const isAnswer = message[0] === "done" || message[0] === "failed";
      if (this.#isSettling && !isAnswer) break;
      taken += 1;
      this.#receive(message);
      if (isAnswer && !this.#isSettling) {
        this.#isSettling = true;
        setImmediate(() => {
          this.#isSettling = false;
          this.#takeInbox();
        });
      }
    }
    this.#inbox.splice(0, taken);
  }

  #receive(message: Message): void {
    switch (message[0]) {
      case "call":
        return this.#answer(message[1], message[2], message[3]);
      case "tell":
        return void this.#invoke(message[1], message[2]).catch(() => {});
      case "done":
        return this.#settle(message[1], ({ resolve }) => resolve(message[2] as never));
      case "failed":
        return this.#settle(message[1], ({ reject }) => reject(reviveError(message[2])));
    }
  }

  #settle(number: number, how: (pending: Pending) => void): void {
    const pending = this.#pending.get(number);
    this.#pending.delete(number);
    if (pending) how(pending);
  }

  #answer(number: number, name: PropertyKey, args: readonly unknown[]): void {
    this.#invoke(name, args).then(
      (value) => this.#reply(["done", number, value], isPlain(value)),
      (error) => this.#reply(["failed", number, toWireError(error)], false),
    );
  }

  #reply(message: Message, asJson: boolean): void {
    if (!this.#closedBy) this.#post(message, asJson);
  }

  async #invoke(name: PropertyKey, args: readonly unknown[]): Promise<unknown> {
    if (!Object.hasOwn(this.#answers, name)) throw new Error(`There is no call ${String(name)}.`);
    const answer = this.#answers[name as keyof Here] as unknown as (...args: readonly unknown[]) => unknown;
    return answer.apply(this.#answers, args as unknown[]);
  }
}

/** Whether JSON carries a value as it is and fast, as far as one look tells: a value without parts, or an object of such. */
function isPlain(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return hasNoParts(value);
  return Object.getPrototypeOf(value) === Object.prototype && Object.values(value).every(hasNoParts);
}

function hasNoParts(value: unknown): boolean {
  if (typeof value === "string") return !isLongText(value);
  return value === null || typeof value === "boolean" || Number.isFinite(value);
}

/** The messages of a packet. The author's code may send something else. */
function messagesIn(packet: unknown): Message[] {
  const list = fromJson(packet);
  return Array.isArray(list) ? list.map(fromJson).filter(isMessage) : [];
}

function fromJson(part: unknown): unknown {
  if (typeof part !== "string") return part;
  try {
    return JSON.parse(part);
  } catch {
    return undefined;
  }
}

function isMessage(value: unknown): value is Message {
  return Array.isArray(value);
}

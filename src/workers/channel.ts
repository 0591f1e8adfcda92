import { reviveError, toWireError } from "./wire-error.ts";

/** Named functions that one end of a channel answers. Arguments and results are copied as by `structuredClone`. */
export type Api<T> = { [Name in keyof T]: (...args: never[]) => unknown };

type Arguments<T, Name extends keyof T> = T[Name] extends (...args: infer Args) => unknown ? Args : never;
type Result<T, Name extends keyof T> = T[Name] extends (...args: never[]) => infer Value ? Awaited<Value> : never;

/** One message. Calls and their answers are matched by number. */
type Message =
  | readonly ["call", number, PropertyKey, readonly unknown[]]
  | readonly ["tell", PropertyKey, readonly unknown[]]
  | readonly ["done", number, unknown]
  | readonly ["failed", number, unknown];

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
      // The author's code may send messages of its own.
      if (!Array.isArray(packet)) return;
      for (const message of packet) if (Array.isArray(message)) this.#inbox.push(message as unknown as Message);
      this.#takeInbox();
    });
  }

  /** Calls a function of the other end. Rejects with what it throws, or with the reason of {@link close}. */
  call<Name extends keyof There>(name: Name, ...args: Arguments<There, Name>): Promise<Result<There, Name>> {
    if (this.#closedBy) return Promise.reject(this.#closedBy);
    const number = ++this.#lastNumber;
    return new Promise((resolve, reject) => {
      this.#pending.set(number, { resolve, reject });
      this.#post(["call", number, name, args]);
    });
  }

  /** Calls a function of the other end without waiting for it. What it returns or throws is dropped. */
  tell<Name extends keyof There>(name: Name, ...args: Arguments<There, Name>): void {
    if (!this.#closedBy) this.#post(["tell", name, args]);
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

  #post(message: Message): void {
    this.#outbox.push(message);
    if (this.#outbox.length === 1) setImmediate(() => this.flush());
  }

  #send(messages: Message[]): void {
    const fail = (error: unknown) => {
      if (messages.length > 1) for (const message of messages) this.#send([message]);
      else this.#undeliverable(messages[0]!, error);
    };
    try {
      this.#port.send(messages)?.catch(fail);
    } catch (error) {
      fail(error);
    }
  }

  /** Reports a message that cannot be copied to the one who waits for it. */
  #undeliverable(message: Message, error: unknown): void {
    if (message[0] === "call") this.#settle(message[1], ({ reject }) => reject(error));
    if (message[0] === "done") this.#post(["failed", message[1], toWireError(error)]);
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
      (value) => this.#reply(["done", number, value]),
      (error) => this.#reply(["failed", number, toWireError(error)]),
    );
  }

  #reply(message: Message): void {
    if (!this.#closedBy) this.#post(message);
  }

  async #invoke(name: PropertyKey, args: readonly unknown[]): Promise<unknown> {
    if (!Object.hasOwn(this.#answers, name)) throw new Error(`There is no call ${String(name)}.`);
    const answer = this.#answers[name as keyof Here] as unknown as (...args: readonly unknown[]) => unknown;
    return answer.apply(this.#answers, args as unknown[]);
  }
}

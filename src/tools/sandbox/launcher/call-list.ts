import { getSystemErrorName } from "node:util";
import { type Machine, type SyscallName, syscallNumber } from "../seccomp/syscalls.ts";
import { callBytes, listAddress, maxListBytes } from "./program.ts";

/**
 * What a system call takes: a number; a text, which ends with a NUL, or bytes, of which it gets the address; or the
 * address of a list of such words.
 */
export type Argument = number | bigint | string | Uint8Array | readonly Argument[];

interface Call {
  /** Names the call in an error message. */
  readonly what: string;
  /** 0 compares; see `program.ts`. */
  readonly number: number;
  readonly args: readonly (Argument | Place)[];
  /** A result that is accepted although it is an error. */
  readonly accepted: number;
}

/** A word inside bytes. */
interface Place {
  readonly bytes: Uint8Array;
  readonly offset: number;
}

const wordBytes = 8;
const argumentCount = 6;

/** A failed call: its result and its address. */
const failureBytes = 16;

/** The list of system calls that the launcher makes; see `program.ts`. */
export class CallList {
  readonly #calls: Call[] = [];
  readonly #machine: Machine;
  /**
   * The descriptor that the next call to open something returns: the first that the launcher was not given, because
   * each one is closed before the next.
   */
  readonly nextFd: number;

  /** @param nextFd see {@link CallList.nextFd} */
  constructor(machine: Machine, nextFd: number) {
    this.#machine = machine;
    this.nextFd = nextFd;
  }

  /**
   * Adds a call.
   *
   * @param what what it acts on, for an error message
   * @param accepted an error number that does not end the launcher
   */
  add(name: SyscallName, what: string, args: readonly Argument[], accepted = 0): void {
    const number = syscallNumber(name, this.#machine)!;
    this.#calls.push({ what: `${name} of ${what}`, number, args, accepted: -accepted });
  }

  /** Adds a check: the launcher ends unless a word inside bytes that an earlier call has filled has a value. */
  expect(what: string, bytes: Uint8Array, offset: number, value: bigint): void {
    this.#calls.push({ what, number: 0, args: [{ bytes, offset }, value], accepted: 0 });
  }

  /**
   * The list as the launcher reads it.
   * @throws when it does not fit into the launcher's memory
   */
  bytes(): Uint8Array {
    const data = new Data(listAddress + this.#calls.length * callBytes);
    const words = this.#calls.flatMap(({ number, args, accepted }) => {
      const given = Array.from({ length: argumentCount }, (_, index) => data.word(args[index] ?? 0));
      return [BigInt(number), ...given, BigInt(accepted)];
    });
    const list = Buffer.concat([bytesOf(words), ...data.pieces]);
    if (list.length > maxListBytes) throw new Error(`E2BIG: a command and its settings of ${list.length} bytes`);
    return list;
  }

  /** Which call failed, by what the launcher has written last; undefined when it has written no failure. */
  failure(written: Buffer): string | undefined {
    const at = written.length - failureBytes;
    if (at < 0) return undefined;
    const [result, address] = [written.readBigInt64LE(at), written.readBigInt64LE(at + wordBytes)];
    const call = this.#calls[(Number(address) - listAddress) / callBytes];
    if (!call) return undefined;
    return call.number === 0 ? call.what : `${call.what} failed: ${getSystemErrorName(Number(result))}`;
  }
}

/** What the arguments of calls point to, behind the calls. */
class Data {
  readonly pieces: Uint8Array[] = [];
  readonly #known = new Map<unknown, bigint>();
  #end: number;

  constructor(start: number) {
    this.#end = start;
  }

  word(argument: Argument | Place): bigint {
    if (typeof argument === "number" || typeof argument === "bigint") return BigInt(argument);
    if (typeof argument === "object" && "bytes" in argument) {
      return this.word(argument.bytes) + BigInt(argument.offset);
    }
    const known = this.#known.get(argument);
    if (known !== undefined) return known;
    const address = this.#append(
      typeof argument === "string"
        ? Buffer.from(`${argument}\0`)
        : argument instanceof Uint8Array
          ? argument
          : bytesOf((argument as readonly Argument[]).map((each) => this.word(each))),
    );
    this.#known.set(argument, address);
    return address;
  }

  #append(bytes: Uint8Array): bigint {
    const address = this.#end;
    const padded = new Uint8Array(Math.ceil(bytes.length / wordBytes) * wordBytes);
    padded.set(bytes);
    this.pieces.push(padded);
    this.#end += padded.length;
    return BigInt(address);
  }
}

function bytesOf(words: readonly bigint[]): Uint8Array {
  return new Uint8Array(BigInt64Array.from(words, (word) => BigInt.asIntN(64, word)).buffer);
}

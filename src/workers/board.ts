import { randomBytes } from "node:crypto";
import { closeSync, ftruncateSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CodePlace } from "../engine/index.ts";
import { readField } from "../errors/index.ts";
import { fileUnavailable } from "../files/index.ts";
import { runtime } from "../runtime/index.ts";

/** What a worker is at: a place in a run, or a workflow file that it loads. */
export type WorkPlace = CodePlace | { readonly file: string };

/** What a worker says of itself. */
export interface BoardState {
  /** Whose code has been called and has not returned. Only this can block the worker while it is set. */
  readonly now: WorkPlace | undefined;
  /** What has begun and not ended, and may run its code in any turn of the event loop. */
  readonly open: readonly WorkPlace[];
}

// Where the parts of the file begin. Each text begins with its length.
const nowAt = 0;
const brokenAt = 4_092;
const openAt = 4_096;
/** Open places that are written down at once, and the bytes of each; more cannot be told apart anyway. */
const maxOpen = 100;
const openBytes = 4_096;
const privatePathsAt = openAt + maxOpen * openBytes;
const lengthBytes = 4;
const encoder = new TextEncoder();
/** The most that is read of one part. */
const maxBytes = 4 * 1024 ** 2;

/** A place that a worker has noted as open. */
export interface OpenPlace {
  readonly text: string;
  /** Where it is written; undefined while all room is taken. */
  at: number | undefined;
}

/**
 * A file without a name that a server and one worker share. Unlike a message, what is written there arrives also when
 * the other process is blocked, and at once.
 */
export class Board {
  readonly fd: number;
  /** The file as memory, up to the private paths: written at each step of a run, it must cost next to nothing. */
  readonly #memory: Uint8Array | undefined;
  readonly #lengths: DataView | undefined;
  /** By where a text begins, the memory that it may take. */
  readonly #rooms = new Map<number, Uint8Array>();
  /** Where open places can be written: the last one is used first, and used again. */
  readonly #free = Array.from({ length: maxOpen }, (_, index) => openAt + (maxOpen - 1 - index) * openBytes);
  /** Open places for which there is no room now. */
  readonly #unwritten = new Set<OpenPlace>();

  constructor(fd: number) {
    this.fd = fd;
    this.#memory = runtime.mapFile(fd);
    this.#lengths = this.#memory && new DataView(this.#memory.buffer, this.#memory.byteOffset);
  }

  /**
   * Creates one that no other process can open.
   * @throws DB_FULL, FILE_UNAVAILABLE when no temporary folder takes a file
   */
  static create(): Board {
    let cause: unknown;
    // Memory first: the file is written often, and needs no disk.
    for (const folder of ["/dev/shm", tmpdir()]) {
      const path = join(folder, `smithers-${randomBytes(16).toString("hex")}`);
      try {
        const fd = openSync(path, "wx+", 0o600);
        rmSync(path);
        ftruncateSync(fd, privatePathsAt);
        return new Board(fd);
      } catch (error) {
        cause ??= error;
      }
    }
    throw fileUnavailable("A file to share with a worker process cannot be created in the temporary folder", cause);
  }

  /** @param text of {@link textOfPlace}; empty when no code is being called */
  setNow(text: string): void {
    this.#note(nowAt, brokenAt, text);
  }

  /** Notes a place as open, until it is passed to {@link removeOpen}. @param text of {@link textOfPlace} */
  addOpen(text: string): OpenPlace {
    const place: OpenPlace = { text, at: undefined };
    this.#unwritten.add(place);
    this.#writeOpen(place);
    return place;
  }

  removeOpen(place: OpenPlace): void {
    this.#unwritten.delete(place);
    if (place.at === undefined) return;
    this.#note(place.at, place.at + openBytes, "");
    this.#free.push(place.at);
    for (const next of this.#unwritten) return this.#writeOpen(next);
  }

  /** Whatever a worker has written, this does not throw. */
  read(): BoardState {
    const now = this.#parse(nowAt);
    const open = Array.from({ length: maxOpen }, (_, index) => this.#parse(openAt + index * openBytes));
    return { now: isPlace(now) ? now : undefined, open: open.filter(isPlace) };
  }

  /** Notes that a built-in no longer works, by its number. Uses as few of them as can be. */
  setBroken(index: number): void {
    if (this.#memory) this.#memory[brokenAt] = index + 1;
    else writeSync(this.fd, Uint8Array.of(index + 1), 0, 1, brokenAt);
  }

  /** The number of a built-in that no longer works in the worker; -1 when it has found none. */
  broken(): number {
    const byte = new Uint8Array(1);
    readSync(this.fd, byte, 0, 1, brokenAt);
    return byte[0]! - 1;
  }

  /** Files that the worker's tools must neither read nor write. */
  setPrivatePaths(paths: readonly string[]): void {
    this.#write(privatePathsAt, JSON.stringify(paths));
  }

  privatePaths(): readonly string[] {
    for (;;) {
      const text = this.#read(privatePathsAt);
      if (text === "") return [];
      try {
        return JSON.parse(text);
      } catch {
        // The server is writing it at this moment.
      }
    }
  }

  close(): void {
    closeSync(this.fd);
  }

  #writeOpen(place: OpenPlace): void {
    const at = this.#free.pop();
    if (at === undefined) return;
    this.#unwritten.delete(place);
    place.at = at;
    this.#note(at, at + openBytes, place.text);
  }

  /** Writes a text that ends before `end`; a longer one is cut, and cannot be read. */
  #note(at: number, end: number, text: string): void {
    if (!this.#memory || !this.#lengths) return this.#write(at, text.slice(0, (end - at) / 4));
    const written = text === "" ? 0 : encoder.encodeInto(text, this.#roomAt(this.#memory, at, end)).written;
    this.#lengths.setUint32(at, written, true);
  }

  #roomAt(memory: Uint8Array, at: number, end: number): Uint8Array {
    const known = this.#rooms.get(at);
    if (known) return known;
    const room = memory.subarray(at + lengthBytes, end);
    this.#rooms.set(at, room);
    return room;
  }

  #write(at: number, text: string): void {
    const bytes = Buffer.allocUnsafe(lengthBytes + Buffer.byteLength(text));
    bytes.writeUInt32LE(bytes.length - lengthBytes);
    bytes.write(text, lengthBytes);
    writeSync(this.fd, bytes, 0, bytes.length, at);
  }

  #parse(at: number): unknown {
    try {
      return JSON.parse(this.#read(at));
    } catch {
      return undefined;
    }
  }

  #read(at: number): string {
    const length = Buffer.alloc(lengthBytes);
    readSync(this.fd, length, 0, lengthBytes, at);
    const bytes = Buffer.alloc(Math.min(length.readUInt32LE(), maxBytes));
    return bytes.toString("utf8", 0, readSync(this.fd, bytes, 0, bytes.length, at + lengthBytes));
  }
}

/** A place as a board has it. */
export function textOfPlace(place: WorkPlace): string {
  return JSON.stringify(place);
}

/** The author's code can write to the file too. */
function isPlace(value: unknown): value is WorkPlace {
  const isText = (name: string) => typeof readField(value, name) === "string";
  const nodeId = readField(value, "nodeId");
  return isText("file") || (isText("runId") && (nodeId === undefined || typeof nodeId === "string"));
}

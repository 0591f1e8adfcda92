import { AsyncLocalStorage } from "node:async_hooks";
import { EventEmitter } from "node:events";
import { React } from "../jsx/index.ts";

/** A built-in that the engine relies on in every step, with a check that is true while it does what it should. */
type Check = readonly [name: string, works: () => boolean];

/** Names that code reads of objects that need not have them. */
const mayBeAbsent = ["then", "toJSON", "get", "set", "value", "error", "code", "cause", "length", "id", "key"] as const;
const list = [2, 1, 2];
const map = new Map([["a", 1]]);

const checks: readonly Check[] = [
  ["Array.prototype[Symbol.iterator]", () => [...list].length === 3],
  ["Object.prototype", () => hasNoKeys({}) && mayBeAbsent.every((name) => !(name in Object.prototype))],
  ["JSON.stringify", () => JSON.stringify({ a: [1, "x", null], b: undefined }) === '{"a":[1,"x",null]}'],
  ["JSON.parse", () => JSON.parse('{"a":[1]}').a[0] === 1],
  ["Object.keys", () => Object.keys({ a: 1, b: 2 }).length === 2 && Object.values({ a: 1 })[0] === 1],
  ["Object.entries", () => Object.entries({ a: 1 })[0]![1] === 1 && Object.fromEntries([["a", 1]]).a === 1],
  ["Object.assign", () => Object.assign({}, { a: 1 }).a === 1],
  ["Object.hasOwn", () => Object.hasOwn({ a: 1 }, "a") && !Object.hasOwn({}, "a")],
  ["Object.defineProperty", () => Object.defineProperty({ a: 0 }, "a", { value: 1 }).a === 1],
  ["Object.getPrototypeOf", () => Object.getPrototypeOf({}) === Object.prototype && Object.is(1, 1)],
  ["Object.freeze", () => Object.isFrozen(Object.freeze({ a: 1 })) && !Object.isFrozen({ a: 1 })],
  ["Array.isArray", () => Array.isArray([]) && !Array.isArray({})],
  ["Array.from", () => Array.from({ length: 2 }, (_, index) => index)[1] === 1],
  ["Array.prototype.push", () => [0].push(1) === 2 && [0, 1].pop() === 1],
  ["Array.prototype.shift", () => [0, 1].shift() === 0 && [0].unshift(1) === 2],
  ["Array.prototype.map", () => list.map((one) => one + 1)[0] === 3],
  ["Array.prototype.filter", () => list.filter((one) => one === 2).length === 2],
  ["Array.prototype.find", () => list.find((one) => one < 2) === 1 && list.findLast((one) => one > 1) === 2],
  ["Array.prototype.findIndex", () => list.findIndex((one) => one < 2) === 1],
  ["Array.prototype.indexOf", () => list.indexOf(1) === 1 && list.includes(1) && !list.includes(7)],
  ["Array.prototype.some", () => list.some((one) => one === 1) && !list.some((one) => one === 7)],
  ["Array.prototype.every", () => list.every((one) => one > 0) && !list.every((one) => one > 1)],
  ["Array.prototype.forEach", () => eachIsVisited()],
  ["Array.prototype.reduce", () => list.reduce((sum, one) => sum + one, 0) === 5],
  ["Array.prototype.slice", () => list.slice(1)[0] === 1 && list.at(-1) === 2],
  ["Array.prototype.splice", () => [1, 2].splice(0, 1)[0] === 1],
  ["Array.prototype.concat", () => [1].concat([2])[1] === 2 && [[1], [2]].flat()[1] === 2],
  ["Array.prototype.flatMap", () => list.flatMap((one) => [one, one]).length === 6],
  ["Array.prototype.join", () => list.join("-") === "2-1-2"],
  ["Array.prototype.sort", () => [2, 1].sort((a, b) => a - b)[0] === 1 && [2, 1].reverse()[0] === 1],
  ["Array.prototype.entries", () => [...list.entries()][1]![1] === 1 && [...list.keys()][2] === 2],
  ["Map.prototype.get", () => map.get("a") === 1 && map.has("a") && !map.has("b")],
  ["Map.prototype.set", () => new Map(map).set("b", 2).size === 2 && new Map(map).delete("a")],
  ["Map.prototype.values", () => [...map.values()][0] === 1 && [...map.keys()][0] === "a" && [...map].length === 1],
  ["Set", () => new Set([1]).add(2).has(1) && [...new Set([1, 2])].length === 2 && new Set([1]).delete(1)],
  ["WeakMap", () => new WeakMap([[list, 1]]).get(list) === 1],
  ["String.prototype.slice", () => "ab".slice(1) === "b" && "ab".includes("b")],
  ["String.prototype.split", () => "a,b".split(",")[1] === "b"],
  ["String.prototype.replace", () => "ab".replace("a", "b") === "bb" && "aa".replaceAll("a", "b") === "bb"],
  ["String.prototype.startsWith", () => "ab".startsWith("a") && "ab".endsWith("b")],
  ["String.prototype.trim", () => " a ".trim() === "a" && "A".toLowerCase() === "a"],
  ["RegExp.prototype.exec", () => /b(.)/.exec("abc")?.[1] === "c" && /b/.test("b")],
  ["Function.prototype.call", () => isGiven.call(1) && isGiven.apply(1) && isGiven.bind(1)()],
  ["Reflect", () => Reflect.get({ a: 1 }, "a") === 1 && Reflect.apply(isGiven, 1, [])],
  ["Error", () => new Error("x").message === "x" && new Error("x") instanceof Error],
  ["Number", () => Number("7") === 7 && Number.isFinite(7) && Number.isInteger(7) && !Number.isInteger(0.5)],
  ["Math", () => Math.max(1, 2) === 2 && Math.min(1, 2) === 1 && Math.round(1.4) === 1 && Math.floor(1.6) === 1],
  ["Symbol", () => Symbol.for("a").description === "a"],
  ["Date", () => Number.isFinite(Date.now()) && new Date(0).toISOString() === "1970-01-01T00:00:00.000Z"],
  ["performance.now", () => Number.isFinite(performance.now())],
  ["structuredClone", () => structuredClone({ a: 1 }).a === 1],
  ["TextEncoder", () => new TextEncoder().encode("x")[0] === 120],
  ["Buffer", () => Buffer.from("x").toString("hex") === "78" && Buffer.byteLength("x") === 1],
  ["URL", () => new URL("http://a/b").pathname === "/b"],
  ["Promise", () => Promise.withResolvers().promise instanceof Promise && Promise.resolve(1) instanceof Promise],
  ["Promise.all", () => [Promise.all([]), Promise.race([1]), Promise.allSettled([])].every(isPromise)],
  ["AsyncLocalStorage", () => new AsyncLocalStorage<number>().run(1, () => true)],
  ["EventEmitter", () => hearsItself(new EventEmitter())],
  ["React.createElement", () => React.createElement("a", null, "b").type === "a"],
  ["Promise.prototype.then", () => isPromise(Promise.resolve(1).then(isGiven))],
  ["queueMicrotask", () => queueMicrotask(() => {}) === undefined],
  ["process.nextTick", () => process.nextTick(() => {}) === undefined],
  ["setTimeout", () => isTimer(setTimeout(() => {}, 0))],
  ["setImmediate", () => setImmediate(() => {}) !== undefined],
  ["clearTimeout", () => clearTimeout(undefined) === undefined && clearInterval(undefined) === undefined],
];

function hasNoKeys(value: object): boolean {
  for (const _ in value) return false;
  return true;
}

function eachIsVisited(): boolean {
  let sum = 0;
  list.forEach((one) => void (sum += one));
  return sum === 5;
}

function hearsItself(emitter: EventEmitter): boolean {
  let isHeard = false;
  emitter.on("a", () => {
    isHeard = true;
  });
  return emitter.emit("a") && isHeard;
}

function isGiven(this: unknown): boolean {
  return this !== undefined;
}

function isPromise(value: unknown): boolean {
  return value instanceof Promise;
}

/** Timers are keys of a WeakMap. */
function isTimer(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

/** Built-ins that call a function later. */
const later: readonly (readonly [name: string, call: (fire: () => void) => unknown])[] = [
  ["Promise.prototype.then", (fire) => Promise.resolve().then(fire)],
  ["queueMicrotask", (fire) => queueMicrotask(fire)],
  ["process.nextTick", (fire) => process.nextTick(fire)],
  ["setTimeout", (fire) => setTimeout(fire, 0)],
  ["setImmediate", (fire) => setImmediate(fire)],
];

const names = [...checks, ...later].map(([name]) => name);

/** The name of a built-in that {@link BuiltIns} has found, which comes from another process; undefined for any other number. */
export function builtInName(index: number): string | undefined {
  return names[index];
}

/** Where what is checked is found, by its name in code; what code puts there instead is checked anew. */
const watched = `
  Object Array Map Set WeakMap String Number Math Symbol Promise RegExp Function Reflect Date Error JSON Buffer URL
  TextEncoder structuredClone setTimeout clearTimeout setInterval clearInterval setImmediate queueMicrotask performance
  process JSON.stringify JSON.parse Array.prototype[Symbol.iterator]
  Map.prototype[Symbol.iterator] Set.prototype[Symbol.iterator] Function.prototype.call Function.prototype.apply
  Function.prototype.bind Reflect.get Reflect.apply Number.isFinite Number.isInteger Math.max Math.min Math.round Math.floor
  Symbol.for Date.now Date.prototype.toISOString performance.now TextEncoder.prototype.encode Buffer.from Buffer.byteLength
  Promise.prototype.then Promise.resolve Promise.all Promise.race Promise.allSettled Promise.withResolvers process.nextTick
  RegExp.prototype.exec RegExp.prototype.test AsyncLocalStorage.prototype.run AsyncLocalStorage.prototype.getStore
  EventEmitter.prototype.on EventEmitter.prototype.emit React.createElement
  ${namesIn("Object", "keys values entries fromEntries assign hasOwn defineProperty getPrototypeOf is freeze isFrozen")}
  ${namesIn("Object.prototype", ["toString", ...mayBeAbsent].join(" "))}
  ${namesIn("Array", "isArray from")}
  ${namesIn(
    "Array.prototype",
    "push pop shift unshift map filter find findLast findIndex indexOf includes some every forEach reduce slice at splice concat flat flatMap join sort reverse entries keys",
  )}
  ${namesIn("Map.prototype", "get has set delete values keys")}
  ${namesIn("Set.prototype", "has add delete")}
  ${namesIn("String.prototype", "slice includes split replace replaceAll startsWith endsWith trim toLowerCase")}`
  .trim()
  .split(/\s+/);

function namesIn(holder: string, names: string): string {
  return names
    .split(" ")
    .map((name) => `${holder}.${name}`)
    .join(" ");
}

/** Calls must have come after so many checks. */
const patience = 3;
/** Checks that come closer together may be of one turn of the event loop. */
const minTurnMs = 100;

/** Knows whether the built-ins of this process still do what they should. Code may wrap them; it must not break them. */
export class BuiltIns {
  /** What was found last. */
  readonly #known: unknown[] = [];
  /** What was found when all worked. */
  readonly #good: unknown[] = [];
  /** The checks that a program with built-ins of its own had made fail before; they say nothing. */
  readonly #ignored: readonly boolean[];
  readonly #haveChanged: () => boolean;
  readonly #putBack: () => void;
  readonly #waiting = later.map(() => 0);
  #turnAtMs = 0;

  constructor() {
    // Written out, as the engine then compares each with one instruction or two: this is done at each step of a run.
    const same = watched.map((path, index) => `${path} === known[${index}]`).join(" && ");
    const note = watched.map((path, index) => `known[${index}] = ${path};`).join("");
    const back = watched.map((path, index) => {
      const isOther = `${path} !== good[${index}]`;
      return `try { if (${isOther}) good[${index}] === undefined ? delete ${path} : ${path} = good[${index}]; } catch {}`;
    });
    const given = { known: this.#known, good: this.#good, AsyncLocalStorage, EventEmitter, React };
    const body = `return { same: () => ${same}, note() { ${note} }, back() { ${back.join("")} } };`;
    const make = new Function(...Object.keys(given), body);
    const made: { same(): boolean; note(): void; back(): void } = make(...Object.values(given));
    const { same: isSame, note: noteAll } = made;
    noteAll();
    this.#noteGood();
    this.#ignored = checks.map(([, works]) => !isTrue(works));
    this.#putBack = () => {
      made.back();
      for (const name in {}) delete (Object.prototype as Record<string, unknown>)[name];
      noteAll();
    };
    this.#haveChanged = () => {
      try {
        if (isSame()) return false;
        noteAll();
      } catch {
        // What has such names is gone.
      }
      return true;
    };
  }

  /**
   * Finds a built-in that code has broken since the last call. Takes about a microsecond while none has changed. Never
   * throws.
   * @returns a number for {@link builtInName}; -1 when all work
   */
  broken(): number {
    if (!this.#haveChanged() && hasNoKeys({})) return -1;
    const index = this.#brokenNow();
    if (index < 0) this.#noteGood();
    return index;
  }

  /**
   * Puts back what {@link broken} has found, and all other built-ins as they were when all worked. Never throws.
   * @returns whether all work again
   */
  restore(): boolean {
    try {
      this.#putBack();
    } catch {
      // It is broken so that it cannot be put back.
    }
    return this.#brokenNow() < 0;
  }

  #brokenNow(): number {
    for (let index = 0; index < checks.length; index += 1) {
      if (!this.#ignored[index] && !isTrue(checks[index]![1])) return index;
    }
    return -1;
  }

  #noteGood(): void {
    for (let index = 0; index < watched.length; index += 1) this.#good[index] = this.#known[index];
  }

  /** Like {@link broken}, for all that can be found; to be called in turns of the event loop of their own. */
  brokenInTurns(): number {
    const isNextTurn = performance.now() - this.#turnAtMs >= minTurnMs;
    if (isNextTurn) this.#turnAtMs = performance.now();
    return isNextTurn ? this.#brokenLater() : this.#brokenNow();
  }

  #brokenLater(): number {
    // Loops by index: a method of the list may be what is broken.
    for (let index = 0; index < later.length; index += 1) {
      const waiting = this.#waiting[index]!;
      if (waiting > patience) return checks.length + index;
      this.#waiting[index] = waiting + 1;
      if (waiting === 0 && !this.#callsLater(index)) return checks.length + index;
    }
    return this.#brokenNow();
  }

  #callsLater(index: number): boolean {
    return isTrue(() => {
      later[index]![1](() => {
        this.#waiting[index] = 0;
      });
      return true;
    });
  }
}

function isTrue(works: () => boolean): boolean {
  try {
    return works();
  } catch {
    return false;
  }
}

import fc from "fast-check";

const boom = (): never => {
  throw new Error("a second error, inside the first");
};

/** An object with a property whose getter throws. */
function hiding(name: string, target: object): object {
  return Object.defineProperty(target, name, { get: boom, enumerable: true, configurable: true });
}

function revoked(target: object): object {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

function throwingProxy(target: object): object {
  const traps = ["get", "has", "ownKeys", "getPrototypeOf", "getOwnPropertyDescriptor", "set"];
  return new Proxy(target, Object.fromEntries(traps.map((trap) => [trap, boom])));
}

function cyclic(): object {
  const error: { cause?: unknown } & Error = new Error("around");
  error.cause = { again: error, errors: [error] };
  return error;
}

function aggregateOfItself(): AggregateError {
  const error = new AggregateError([], "all");
  error.errors.push(error, new AggregateError([error, error], "inner"));
  return error;
}

class SmithersLike extends Error {
  override name = "SmithersError";
  code = "TASK_TIMEOUT";
  problem = "own";
  advice = "";
}

/** Values that break a description which trusts them. */
export const hostileValues: Record<string, () => unknown> = {
  undefined: () => undefined,
  null: () => null,
  "a symbol": () => Symbol("s"),
  "a BigInt": () => 12n,
  "a function": () => boom,
  "an endless string": () => "x".repeat(1_000_000),
  "a null prototype": () => Object.assign(Object.create(null), { id: 12n }),
  "a message that is an object": () => Object.assign(new Error("x"), { message: { code: 7, why: ["a"] } }),
  "a message that is a BigInt": () => Object.assign(new Error("x"), { message: 12n }),
  "a message that is undefined": () => Object.assign(new Error("x"), { message: undefined, name: undefined }),
  "a message that is a symbol": () => Object.assign(new Error("x"), { message: Symbol("s") }),
  "a message getter that throws": () => hiding("message", new Error("x")),
  "a code getter that throws": () => hiding("code", new Error("x")),
  "a name getter that throws": () => hiding("name", new Error("x")),
  "a stack getter that throws": () => hiding("stack", new Error("x")),
  "a cause getter that throws": () => hiding("cause", new Error("x")),
  "a toStringTag getter that throws": () => hiding(Symbol.toStringTag as never, {}),
  "conversions that throw": () => ({ toJSON: boom, toString: boom, valueOf: boom, [Symbol.toPrimitive]: boom }),
  "a toJSON that gives itself": () => {
    const value = { toJSON: (): unknown => value, id: 1 };
    return value;
  },
  "a toJSON without an end": () => {
    const next = (): object => ({ toJSON: next });
    return next();
  },
  "a revoked proxy": () => revoked({}),
  "a revoked array": () => revoked([]),
  "a revoked error": () => revoked(new Error("x")),
  "a revoked function": () => revoked(boom),
  "a proxy whose traps throw": () => throwingProxy({}),
  "an error in a proxy whose traps throw": () => throwingProxy(new Error("x")),
  "a cycle through cause": cyclic,
  "an AggregateError of itself": aggregateOfItself,
  "an AggregateError whose members are not a list": () => Object.assign(new AggregateError([], "m"), { errors: 7 }),
  "a chain of a thousand causes": () => {
    let error = new Error("0");
    for (let index = 1; index < 1_000; index += 1) error = new Error(String(index), { cause: error });
    return error;
  },
  "a hundred members of a hundred kilobytes": () =>
    new AggregateError(Array.from({ length: 100 }, () => new Error("m".repeat(100_000)))),
  "an array that says it is endless": () =>
    new Proxy([], { get: (_, name) => (name === "length" ? 2 ** 32 : name === "toJSON" ? undefined : "x") }),
  "nesting without an end": () => {
    const deeper = (): object => new Proxy({}, { ownKeys: () => ["a"], get: deeper, getOwnPropertyDescriptor: shown });
    return deeper();
  },
  "a large buffer": () => new Uint8Array(1_000_000),
  "a stack that names no file": () =>
    Object.assign(new Error("x"), { stack: "Error: x\n    at f (file://host/a:1:2)" }),
  "a stack with a path that is none": () => Object.assign(new Error("x"), { stack: "at file:///%2F/%00:1:2" }),
  "a stack that is long": () => Object.assign(new Error("x"), { stack: `at ${"(".repeat(100_000)}:1:2)` }),
  "a SmithersError of another copy whose details throw": () =>
    hiding("details", Object.assign(new SmithersLike("x"), { code: "OF_A_NEWER_COPY" })),
  "a code that looks like ours": () => Object.assign(new Error("x"), { code: "RUN_NOT_FOUND" }),
  "a forged SmithersError": () =>
    Object.assign(new Error("x"), { name: "SmithersError", code: "MADE_UP", problem: "x", advice: "" }),
  "a forged SmithersError without texts": () =>
    Object.assign(new Error("x"), { name: "SmithersError", code: "RUN_NOT_FOUND", problem: {}, advice: 1n }),
};

const shown = () => ({ enumerable: true, configurable: true });

/** Functions that make any thrown value: hostile ones, arbitrary ones, and errors whose fields are any of these. */
export const thrownValues = fc.letrec<Record<"maker" | "error", () => unknown>>((tie) => ({
  // fast-check looks into the values that it makes, which the hostile ones do not survive; so it makes functions.
  maker: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom(...Object.values(hostileValues)),
    fc
      .anything({ withBigInt: true, withNullPrototype: true, withDate: true, withMap: true, withTypedArray: true })
      .map((value) => () => value),
    tie("error"),
  ),
  error: fc
    .tuple(
      fc.constantFrom(Error, TypeError, RangeError, SmithersLike),
      fc.dictionary(
        fc.constantFrom("name", "message", "code", "stack", "cause", "errors", "details", "toJSON", "problem"),
        tie("maker"),
      ),
    )
    .map(([Kind, fields]) => () => {
      const error = new Kind("own");
      // JavaScriptCore makes the stack when it is first read, of the name and the message: while they are text still.
      void error.stack;
      for (const [name, make] of Object.entries(fields)) {
        Object.defineProperty(error, name, { value: make(), enumerable: true, configurable: true });
      }
      return error;
    }),
})).maker;

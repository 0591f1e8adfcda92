import {
  allow,
  answer,
  assemble,
  compare,
  failWith,
  type Instruction,
  killProcess,
  load,
  mask,
  offsets,
} from "./bpf.ts";
import { type ArgumentTest, type Rule, rules, unknownErrno } from "./rules.ts";
import { architectures, firstUnknownSyscall, type Machine, syscallNumber } from "./syscalls.ts";

/**
 * The filter that every command runs under, for this machine's processor; undefined for one that it cannot be made
 * for. See `rules.ts` for what it refuses.
 */
export function commandFilter(machine: string = process.arch): Uint8Array | undefined {
  return machine === "x64" || machine === "arm64" ? assemble(filterFor(machine)) : undefined;
}

/** The instructions of the filter for one kind of machine. */
export function filterFor(machine: Machine): Instruction[] {
  return [
    load(offsets.machine),
    compare("equal", architectures[machine], { ifTrue: 1 }),
    answer(killProcess),
    load(offsets.syscall),
    compare("atLeast", firstUnknownSyscall, { ifFalse: 1 }),
    answer(failWith(unknownErrno)),
    ...rules.flatMap((rule) => instructionsOf(rule, machine)),
    answer(allow),
  ];
}

/** A rule's instructions. They begin with the call's number in the accumulator, and leave it there unless they answer. */
function instructionsOf(rule: Rule, machine: Machine): Instruction[] {
  const verdict = verdictOf(rule);
  return rule.syscalls.flatMap((name) => {
    const number = syscallNumber(name, machine);
    return number === undefined ? [] : [compare("equal", number, { ifFalse: verdict.length }), ...verdict];
  });
}

/** What decides about a call that a rule names. It always ends with an answer. */
function verdictOf({ errno, allowIf, refuseIf }: Rule): Instruction[] {
  const refuse = answer(failWith(errno));
  if (refuseIf) return [...refuseIf.flatMap((test) => [...testOf(test, 1), refuse]), answer(allow)];
  return [...(allowIf ?? []).flatMap(allowIfAll), refuse];
}

/** Lets the call through when all tests are true. */
function allowIfAll([test, ...others]: readonly ArgumentTest[]): Instruction[] {
  if (!test) return [answer(allow)];
  const rest = allowIfAll(others);
  return [...testOf(test, rest.length), ...rest];
}

/** Skips `count` instructions unless a test is true. */
function testOf({ argument, upperHalf, mask: bits, is }: ArgumentTest, count: number): Instruction[] {
  const word = load(upperHalf ? offsets.upperHalf(argument) : offsets.argument(argument));
  const [[comparison, value]] = Object.entries(is) as [["equal" | "atLeast" | "anyBit", number]];
  return [word, ...(bits === undefined ? [] : [mask(bits)]), compare(comparison, value, { ifFalse: count })];
}

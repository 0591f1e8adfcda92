import assert from "node:assert/strict";
import { isExpired, isToken } from "./session.js";

const session = { openedAtMs: 1_000, lifetimeMs: 500 };
assert.equal(isExpired(session, 1_499), false, "a session lives until its lifetime is over");
assert.equal(isExpired(session, 1_501), true, "a session ends after its lifetime");
assert.equal(isToken("0123456789abcdef"), true, "sixteen characters make a token");
assert.equal(isToken("0123456789abcde"), false, "fifteen characters make none");
console.log("4 checks passed");

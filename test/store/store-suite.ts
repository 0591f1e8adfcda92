import { describe } from "bun:test";
import { concurrency } from "./suite/concurrency.ts";
import { freshDatabase, type NewDatabase } from "./suite/database.ts";
import { frames } from "./suite/frames.ts";
import { inbox } from "./suite/inbox.ts";
import { leases } from "./suite/leases.ts";
import { lists } from "./suite/lists.ts";
import { mirror } from "./suite/mirror.ts";
import { reads } from "./suite/reads.ts";
import { starts } from "./suite/starts.ts";
import { toolCalls } from "./suite/tool-calls.ts";
import { turns } from "./suite/turns.ts";
import { upkeep } from "./suite/upkeep.ts";

/**
 * The behaviour that every store has, whatever database it is on.
 * @param newDatabase makes an empty database, and returns what opens a store on it
 */
export function storeSuite(name: string, newDatabase: NewDatabase): void {
  describe(name, () => {
    const fresh = freshDatabase(newDatabase);
    describe("starts", () => starts(fresh));
    describe("leases", () => leases(fresh));
    describe("turns", () => turns(fresh));
    describe("inbox", () => inbox(fresh));
    describe("tool calls", () => toolCalls(fresh));
    describe("reads", () => reads(fresh));
    describe("lists", () => lists(fresh));
    describe("frames", () => frames(fresh));
    describe("upkeep", () => upkeep(fresh));
    describe("mirror", () => mirror(fresh));
    describe("concurrency", () => concurrency(fresh));
  });
}

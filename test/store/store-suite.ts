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
 * @param onKeptConnections does so too, but the store takes connections that another has used; for the parts in which
 *   neither how a store connects nor what several stores do to each other matters
 */
export function storeSuite(name: string, newDatabase: NewDatabase, onKeptConnections = newDatabase): void {
  describe(name, () => {
    const fresh = freshDatabase(newDatabase);
    const onKept = freshDatabase(onKeptConnections);
    describe("starts", () => starts(onKept));
    describe("leases", () => leases(fresh));
    describe("turns", () => turns(onKept));
    describe("inbox", () => inbox(onKept));
    describe("tool calls", () => toolCalls(onKept));
    describe("reads", () => reads(onKept));
    describe("lists", () => lists(onKept));
    describe("frames", () => frames(onKept));
    describe("upkeep", () => upkeep(fresh));
    describe("mirror", () => mirror(onKept));
    describe("concurrency", () => concurrency(fresh));
  });
}

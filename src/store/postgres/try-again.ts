import { sleep } from "../../timing/index.ts";
import { isConflict, isLostConnection } from "./errors.ts";

/** One connection that ends does not say that the server has gone, and postgres.js fails twice for each that ends. */
const maxTries = 4;

/** Tries work that may be done twice again when another statement was in its way, or its connection ended. */
export async function tryAgain<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (tries === maxTries || !(isConflict(error) || isLostConnection(error))) throw error;
      await sleep(tries * 20 * Math.random());
    }
  }
}

import type { Http, Query } from "./http.ts";

/** One page of a list. */
export interface Page<Item> {
  readonly items: Item[];
  /** Where the next page begins; undefined on the last one. */
  readonly nextCursor: string | undefined;
}

/**
 * A list that the server gives in pages: iterate to read all of them, each when it is needed, or call `page` for one.
 * Nothing is requested before that.
 */
export interface Pages<Item> extends AsyncIterable<Item> {
  /** The page that the query begins at. */
  page(): Promise<Page<Item>>;
}

export interface PagesDescription<Answer, Item> {
  readonly path: string;
  readonly query: Query;
  /** The query parameter that says where a page begins. */
  readonly cursor: string;
  itemsOf(answer: Answer): Item[];
}

/** Describes a list of the server; see {@link Pages}. */
export function pages<Answer, Item>(http: Http, list: PagesDescription<Answer, Item>): Pages<Item> {
  const read = async (query: Query): Promise<Page<Item>> => {
    const response = await http.send("GET", list.path, { query });
    const items = list.itemsOf(await http.json<Answer>(response));
    return { items, nextCursor: nextCursorOf(response, list.cursor) };
  };
  return {
    page: () => read(list.query),
    async *[Symbol.asyncIterator]() {
      let page = await read(list.query);
      yield* page.items;
      while (page.nextCursor !== undefined) {
        page = await read({ ...list.query, [list.cursor]: page.nextCursor });
        yield* page.items;
      }
    },
  };
}

/** Only the cursor is taken from the link: how the server is reached, its address and its path, is the client's to say. */
function nextCursorOf(response: Response, cursor: string): string | undefined {
  const link = /<([^>]*)>;\s*rel="next"/.exec(response.headers.get("Link") ?? "")?.[1];
  if (link === undefined) return undefined;
  return new URL(link, "http://server").searchParams.get(cursor) ?? undefined;
}

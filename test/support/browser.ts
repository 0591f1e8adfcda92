import { afterAll, expect } from "bun:test";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { afterThisTest } from "./cleanup.ts";
import { projectDir } from "./packed.ts";
import { needs } from "./programs.ts";

/** The `test` for a test that looks at the web page with Debian's Chromium. */
export const inBrowser = needs("chromium");

export const desktop = { width: 1280, height: 800 };
export const phone = { width: 390, height: 844 };

export interface VisitOptions {
  readonly viewport?: { width: number; height: number };
  readonly colorScheme?: "light" | "dark";
}

/** One for the tests of a file. It ends with the process, also when a file of the same process made it. */
let browser: Promise<Browser> | undefined;
/** A window that a visitor has left. The next one takes it: the first page of a new window costs four times as much. */
let left: BrowserWindow | undefined;
afterAll(async () => {
  const used = browser;
  browser = undefined;
  left = undefined;
  await (await used)?.close();
});

interface BrowserWindow {
  readonly page: Page;
  readonly context: BrowserContext;
}

async function newWindow(): Promise<BrowserWindow> {
  browser ??= launch();
  const running = browser;
  // The runner ends the processes of a test that has taken too long.
  if (!(await running).isConnected() && browser === running) browser = launch();
  const context = await (await browser).newContext({ reducedMotion: "reduce" });
  return { context, page: await context.newPage() };
}

/** A window that knows nothing of its last visitor, whose server's pages it shows no more when it goes to another's. */
async function takeWindow(url: string): Promise<BrowserWindow> {
  const window = left;
  left = undefined;
  if (window === undefined || window.page.isClosed()) return newWindow();
  if (new URL(window.page.url()).origin !== new URL(url).origin) await window.page.goto("about:blank");
  return window;
}

/** Keeps a window for the next visitor, without what the last one has left in it. Closes one that no page is in. */
async function leaveWindow(window: BrowserWindow): Promise<void> {
  const { page, context } = window;
  if (left !== undefined) return context.close();
  page.removeAllListeners();
  try {
    for (const other of context.pages()) if (other !== page) await other.close();
    await page.evaluate(() => {
      sessionStorage.clear();
      localStorage.clear();
    });
    await context.clearCookies();
    await page.mouse.move(0, 0);
    left = window;
  } catch {
    await context.close();
  }
}

function launch(): Promise<Browser> {
  if (!existsSync(join(projectDir, "dist/dashboard/index.html")))
    throw new Error("The page is not built: npm run build");
  // Tests may run as root, where Chromium's own sandbox cannot be used.
  return chromium.launch({ executablePath: Bun.which("chromium")!, args: ["--no-sandbox", "--disable-gpu"] });
}

/** A person's browser window on a server's page. It ends with the test. */
export class Visitor {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly url: string;
  /** What the page has done that no page may do: errors, breaches of its policy, requests to other hosts. */
  readonly wrongs: string[] = [];

  private constructor(page: Page, context: BrowserContext, url: string) {
    this.page = page;
    this.context = context;
    this.url = url;
    page.setDefaultTimeout(15_000);
    page.on("pageerror", (error) => this.wrongs.push(`error: ${error.message}`));
    page.on("dialog", (dialog) => {
      this.wrongs.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on("console", (message) => {
      if (/Content Security Policy|Refused to/.test(message.text())) this.wrongs.push(message.text());
    });
    page.on("request", (request) => {
      const { origin, protocol } = new URL(request.url());
      if (origin !== new URL(url).origin && protocol !== "data:") this.wrongs.push(`request to ${request.url()}`);
    });
  }

  /** Opens a path of the page, such as `/approvals`, in a window of its own. */
  static async at(
    url: string,
    path: string,
    { viewport = desktop, colorScheme = "light" }: VisitOptions = {},
  ): Promise<Visitor> {
    const window = await takeWindow(url);
    const { page, context } = window;
    afterThisTest(() => leaveWindow(window));
    await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme });
    const visitor = new Visitor(page, context, url);
    await visitor.go(path);
    return visitor;
  }

  async go(path: string): Promise<void> {
    await this.page.goto(`${this.url}/dashboard${path}`);
  }

  /** Goes on to another path as a link of the page does: in the same document. */
  async follow(path: string): Promise<void> {
    await this.page.evaluate((url) => history.pushState({}, "", url), `${this.url}/dashboard${path}`);
  }

  /** Resolves when a text is to be seen. */
  async sees(text: string | RegExp): Promise<void> {
    await this.page.getByText(text).filter({ visible: true }).first().waitFor();
  }

  /** Resolves when nothing on the page has this text any more. */
  async nowhere(text: string | RegExp): Promise<void> {
    await this.page.getByText(text).filter({ visible: true }).first().waitFor({ state: "detached" });
  }

  /** Fails when the page has done what no page may do. */
  expectNoWrongs(): void {
    expect(this.wrongs).toEqual([]);
  }

  /**
   * What axe finds wrong: rule, and the elements.
   * @param rule the only rule to look at; all when it is absent
   */
  async accessibilityProblems(rule?: string): Promise<string[]> {
    if (!(await this.page.evaluate(() => "axe" in globalThis))) {
      // As a debugger does it: the page's policy lets no other script in.
      const source = await Bun.file(createRequire(import.meta.url).resolve("axe-core/axe.min.js")).text();
      await this.page.evaluate(source);
    }
    return this.page.evaluate(async (rule) => {
      const { axe } = globalThis as unknown as { axe: { run(options: object): Promise<{ violations: any[] }> } };
      const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
      const { violations } = await axe.run({ runOnly: rule === undefined ? tags : { type: "rule", values: [rule] } });
      return violations.map(
        ({ id, nodes }) => `${id}: ${nodes.map((node: any) => node.html.slice(0, 200)).join(" | ")}`,
      );
    }, rule);
  }
}

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import type { EpisodeEntry } from "../../src/learning/learning-curve.ts";
import { buildPages } from "../../src/web/site/build.ts";
import { servePages, type Served } from "../../src/web/site/serve.ts";
import { startBrowser } from "./chromium.ts";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe finds at fault with a page: the rule, and where. */
export interface Finding {
  readonly id: string;
  readonly where: string;
}

/** A page, and all that went wrong on it. */
export interface Opened {
  readonly page: Page;
  /** Violations of the policy, errors nobody caught, addresses elsewhere. */
  readonly faults: readonly string[];
  close(): Promise<void>;
}

/** The pages, built and served, and a browser. */
export interface Site {
  readonly browser: Browser;
  readonly folder: string;
  readonly url: string;
  open(name: string, options?: OpenOptions): Promise<Opened>;
  close(): Promise<void>;
}

export interface OpenOptions extends BrowserContextOptions {
  /** Runs in the page before its own scripts. */
  readonly before?: () => void;
  /** Another server's address. */
  readonly url?: string;
  /** Before the page is opened. */
  readonly prepare?: (page: Page) => Promise<unknown>;
}

/** As `Site`, or why there is none. */
export async function openSite(): Promise<Site | { readonly reason: string }> {
  const started = await startBrowser();
  if ("reason" in started) return started;
  const { browser } = started;
  const folder = mkdtempSync(path.join(tmpdir(), "dsqn-web-"));
  await buildPages(folder);
  const served: Served = await servePages(folder);
  return {
    browser,
    folder,
    url: served.url,
    async open(name, { before, url = served.url, prepare, ...options } = {}) {
      const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, ...options });
      const page = await context.newPage();
      const faults: string[] = [];
      page.on("pageerror", ({ message }) => faults.push(`error: ${message}`));
      page.on("console", (message) => {
        if (/Content Security Policy/.test(message.text())) faults.push(message.text());
      });
      page.on("request", (request) => {
        if (!request.url().startsWith(url) && !/^(blob|data):/.test(request.url()))
          faults.push(`request: ${request.url()}`);
      });
      if (before) await page.addInitScript(before);
      await prepare?.(page);
      await page.goto(`${url}${name}`);
      return { page, faults, close: () => context.close() };
    },
    async close() {
      await browser.close();
      await served.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What axe finds, all its rules, best practices included. Evaluated from outside: the page's own policy allows no script of ours. */
export async function findings(page: Page): Promise<Finding[]> {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
    };
    const { violations } = await axe.run();
    return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => ({ id, where: html.slice(0, 120) })));
  });
}

export const text = async (page: Page, selector: string): Promise<string> =>
  (await page.locator(selector).textContent()) ?? "";

/** Waits for what the page says of itself in `data-*` of its body. */
export async function until(page: Page, name: string, value: string | RegExp, timeout = 120_000): Promise<string> {
  const source = typeof value === "string" ? `^${value}$` : value.source;
  const found = await page.waitForFunction(
    ([key, pattern]) => {
      const now = document.body.dataset[key];
      return now !== undefined && new RegExp(pattern).test(now) ? now : null;
    },
    [name, source] as const,
    { timeout },
  );
  return String(await found.jsonValue());
}

/** What a click on it offers to keep. */
export async function fileOf(page: Page, selector: string): Promise<Buffer> {
  const [download] = await Promise.all([page.waitForEvent("download"), page.click(selector)]);
  return readFileSync(await download.path());
}

/** An episode as the page's CSV has it. */
export const rowOf = (e: EpisodeEntry): string =>
  [e.episode, e.environmentSteps, e.return, e.mean100, e.loss ?? ""].join(",");

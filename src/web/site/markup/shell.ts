import { type Content, html, type Html, raw } from "../../../report/html/html.ts";
import { contentSecurityPolicy } from "../policy.ts";

const PAGES = [
  { file: "index.html", name: "Watch" },
  { file: "train.html", name: "Train" },
  { file: "convert.html", name: "Convert" },
  { file: "certificate.html", name: "Certificate" },
] as const;

/** What a page consists of. */
export interface Shell {
  readonly file: (typeof PAGES)[number]["file"];
  readonly script: string;
  readonly title: string;
  readonly lead: Content;
  readonly main: Content;
}

const spike = raw(
  '<svg viewBox="0 0 30 22" aria-hidden="true" focusable="false"><path d="M1 15h6l2-3 4-11 5 19 2-7 1 2h8" fill="none" stroke="var(--snn)" stroke-width="2.4" stroke-linejoin="round" stroke-linecap="round"/></svg>',
);
const halfMoon = raw(
  '<svg viewBox="0 0 20 20" aria-hidden="true" focusable="false"><path d="M10 2a8 8 0 1 0 0 16a8 8 0 0 0 0-16m0 2v12a6 6 0 0 1 0-12"/></svg>',
);

/** A page as a file. Every address in it is relative, and all that it loads lies beside it. */
export function shell({ file, script, title, lead, main }: Shell): string {
  const link = (page: (typeof PAGES)[number]): Html =>
    html`<a href="${page.file}" ${page.file === file ? raw('aria-current="page"') : null}>${page.name}</a>`;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="${raw(contentSecurityPolicy)}" />
        <meta name="referrer" content="no-referrer" />
        <meta name="generator" content="dsqn" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} · dsqn</title>
        <link rel="icon" href="icon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="style.css" />
        <script type="module" src="${script}.js"></script>
      </head>
      <body>
        <a class="skip button" href="#main">To the content</a>
        <header class="top">
          <a class="brand" href="index.html">${spike}dsqn</a>
          <nav aria-label="Pages">${PAGES.map(link)}</nav>
          <button type="button" class="theme" id="theme" aria-label="Light or dark">${halfMoon}</button>
        </header>
        <main id="main" tabindex="-1">
          <h1>${title}</h1>
          <p class="lead">${lead}</p>
          <div id="notices" role="alert"></div>
          <noscript>
            <div class="notice"><p>This page computes in your browser, which needs JavaScript.</p></div>
          </noscript>
          ${main}
        </main>
        <footer>
          Everything here runs in this page. It loads from its own folder, and what you drop on it does not leave your
          machine.
        </footer>
      </body>
    </html> `.text.replace(/\n\s+/g, "\n");
}

/** Where files are dropped or chosen (pages/common/files.ts). */
export function dropArea(title: string, note: Content, accept: string): Html {
  return html`<section class="drop" id="drop" aria-labelledby="drop-h">
    <h2 id="drop-h">${title}</h2>
    <p class="note">${note}</p>
    <div class="row">
      <button type="button" class="main" id="choose">Choose files</button>
      <button type="button" id="example">Take an example</button>
    </div>
    <input type="file" id="file" multiple accept="${accept}" hidden tabindex="-1" aria-label="Files" />
    <ul class="files" id="files" aria-label="Files"></ul>
  </section>`;
}

/** An entry of a list of key figures that a script fills in. */
export function figure(id: string, label: string, tone: "dqn" | "snn" | "nest" | "", note = ""): Html {
  return html`<div${tone ? raw(` class="${tone}"`) : null}>
    <dt>${label}</dt>
    <dd><strong id="${id}">–</strong><small id="${id}-note">${note}</small></dd>
  </div>`;
}

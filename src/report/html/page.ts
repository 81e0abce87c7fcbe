import { css } from "./css.ts";
import { type Content, html, type Html, raw } from "./html.ts";

/** What a page consists of. */
export interface Page {
  readonly title: string;
  /** One or two sentences that say how it came out. */
  readonly lead: Content;
  /** Small print above the title: what kind of run, when. */
  readonly kicker?: Content;
  readonly sections: readonly Html[];
  readonly footer?: Content;
  readonly language?: string;
  /** The page is taken anew after so many seconds. */
  readonly refreshSeconds?: number;
}

// The only script of a page: pausing what moves. Without it the page is complete.
const script = `for(const b of document.querySelectorAll("[data-pause]")){const s=b.parentNode.querySelector("svg");b.hidden=false;b.onclick=()=>{const p=s.animationsPaused();p?s.unpauseAnimations():s.pauseAnimations();b.textContent=p?"Pause":"Play"}}`;

/** A single file that needs nothing else: no network, light and dark, phone and paper. */
export function renderPage({ title, lead, kicker, sections, footer, language = "en", refreshSeconds }: Page): string {
  const policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";
  return html`<!doctype html>
    <html lang="${language}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="${raw(policy)}" />
        <meta name="generator" content="dsqn" />
        ${refreshSeconds === undefined ? null : html`<meta http-equiv="refresh" content="${refreshSeconds}" />`}
        <title>${title}</title>
        <link rel="icon" href="data:," />
        <style>
          ${raw(css)}
        </style>
      </head>
      <body>
        <header>
          ${kicker ? html`<p class="kicker">${kicker}</p>` : null}
          <h1>${title}</h1>
          <p class="lead">${lead}</p>
        </header>
        <main>${sections.map((part) => html`${part} `)}</main>
        ${footer ? html`<footer>${footer}</footer>` : null}
        <script>
          ${raw(script)};
        </script>
      </body>
    </html> `.text;
}

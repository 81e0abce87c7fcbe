import { widths } from "../svg/plot.ts";
import { type Content, html, type Html, raw } from "./html.ts";

/** A section of a report with its heading; `id` is its address within the page. */
export function section(id: string, heading: string, ...content: Content[]): Html {
  return html`<section id="${id}" aria-labelledby="${id}-h">
    <h2 id="${id}-h">${heading}</h2>
    ${content}
  </section>`;
}

/** A section whose heading only screen readers need. */
export function untitled(id: string, heading: string, ...content: Content[]): Html {
  return html`<section id="${id}" aria-labelledby="${id}-h">
    <h2 id="${id}-h" class="unseen">${heading}</h2>
    ${content}
  </section>`;
}

/** A paragraph of text. */
export const paragraph = (...content: Content[]): Html => html`<p>${content}</p>`;

/** A plot at both widths, of which the page shows the one that fits. */
export function plotFigure(draw: (width: number) => string, caption: Content): Html {
  return html`<figure>
    <div class="wide">${raw(draw(widths.wide))}</div>
    <div class="narrow">${raw(draw(widths.narrow))}</div>
    <figcaption>${caption}</figcaption>
  </figure>`;
}

/** A plot too detailed to shrink: on a phone it scrolls sideways within its frame. */
export function scrollFigure(svg: string, caption: Content): Html {
  return html`<figure>
    <div class="scroll" tabindex="0" role="group" aria-label="scrolls sideways">${raw(svg)}</div>
    <figcaption>${caption}</figcaption>
  </figure>`;
}

/** Two or three plots beside each other where there is room. */
export function pair(...figures: Html[]): Html {
  return html`<div class="pair">${figures}</div>`;
}

/** A plot for a `pair`: always drawn narrow. */
export function smallFigure(draw: (width: number) => string, caption: Content): Html {
  return html`<figure>
    ${raw(draw(widths.narrow))}
    <figcaption>${caption}</figcaption>
  </figure>`;
}

/** A moving picture with a still of the same for paper and for readers who prefer less motion, and a button to pause. */
export function motionFigure(moving: string, still: string, caption: Content): Html {
  return html`<figure class="motion">
    <div class="moving">${raw(moving)}<button type="button" data-pause hidden>Pause</button></div>
    <div class="still">${raw(still)}</div>
    <figcaption>${caption}</figcaption>
  </figure>`;
}

/** A figure with its name, and a remark below it. */
export interface Fact {
  readonly label: string;
  readonly value: Content;
  readonly note?: Content;
  readonly tone?: "dqn" | "snn" | "nest" | "alarm";
}

/** The few figures a reader should leave with. */
export function keyFigures(facts: readonly Fact[]): Html {
  const tile = ({ label, value, note, tone }: Fact): Html =>
    html`<div${raw(tone ? ` class="${tone}"` : "")}><dt>${label}</dt><dd><strong>${value}</strong>${note ? html`<small>${note}</small>` : null}</dd></div>`;
  return html`<dl class="key">${facts.map(tile)}</dl>`;
}

/** A column of a table. */
export interface Column<Row> {
  readonly heading: Content;
  readonly cell: (row: Row) => Content;
  /** Numbers stand to the right, in digits of one width. */
  readonly numeric?: boolean;
}

/** A table with its caption; the first column names the rows. */
export function table<Row>(caption: Content, columns: readonly Column<Row>[], rows: readonly Row[]): Html {
  const align = (column: Column<Row>): Html => raw(column.numeric ? ' class="num"' : "");
  const head = columns.map((column) => html`<th scope="col" ${align(column)}>${column.heading}</th>`);
  const body = rows.map(
    (row) =>
      html`<tr>
        ${columns.map((column, i) => (i === 0 ? html`<th scope="row">${column.cell(row)}</th>` : html`<td${align(column)}>${column.cell(row)}</td>`))}
      </tr>`,
  );
  return html`<div class="scroll" tabindex="0" role="group" aria-label="table, scrolls sideways">
    <table>
      <caption>
        ${caption}
      </caption>
      <thead>
        <tr>
          ${head}
        </tr>
      </thead>
      <tbody>
        ${body}
      </tbody>
    </table>
  </div>`;
}

/** Commands to type, with a remark above each. */
export function commands(steps: readonly { readonly remark: string; readonly command: string }[]): Html {
  return html`<ol class="commands">
    ${steps.map(
      ({ remark, command }) =>
        html`<li>
          ${remark}
          <pre><code>${command}</code></pre>
        </li>`,
    )}
  </ol>`;
}

/** A legend for the colours of a plot. */
export function legend(
  entries: readonly { readonly name: string; readonly mark: "dot" | "ring" | "line" | "dash"; readonly tone: string }[],
): Html {
  return html`<span class="legend"
    >${entries.map(({ name, mark, tone }) => html`<span><i class="${mark} ${tone}"></i>${name}</span>`)}</span
  >`;
}

/** Frames as pictures in a row. */
export function frameRow(
  frames: readonly {
    readonly png: Uint8Array;
    readonly alt: string;
    readonly width: number;
    readonly height: number;
  }[],
  caption: Content,
): Html {
  const image = (f: (typeof frames)[number]): Html =>
    html`<img
      src="data:image/png;base64,${Buffer.from(f.png).toString("base64")}"
      alt="${f.alt}"
      width="${f.width}"
      height="${f.height}"
    />`;
  return html`<figure>
    <div class="film">${frames.map(image)}</div>
    <figcaption>${caption}</figcaption>
  </figure>`;
}

/** Folded away until asked for (and unfolded on paper). */
export function details(summary: string, ...content: Content[]): Html {
  return html`<details>
    <summary>${summary}</summary>
    ${content}
  </details>`;
}

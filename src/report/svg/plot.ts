import * as Plot from "@observablehq/plot";
import { ink } from "../theme.ts";
import { SvgDocument, type SvgElement } from "./dom.ts";

/** The two widths in pixels that every plot is drawn at: a page's column, and a phone. Text stays the same size in both. */
export const widths = { wide: 720, narrow: 340 } as const;

/** What every drawing needs besides its data. */
export interface Drawing {
  /** What the picture shows, for those who can't see it. */
  readonly alt: string;
  readonly width?: number;
}

/** A function mark: draws one element from the scales of the plot. */
export type FreeMark = (
  place: { x(value: number): number; y(value: number): number },
  create: (tag: string) => SvgElement,
) => SvgElement;

/** Draws with Observable Plot and returns inline SVG, coloured by the page's custom properties (theme.ts). */
export function plotSvg({ alt, width = widths.wide, ...options }: Drawing & Plot.PlotOptions): string {
  const document = new SvgDocument();
  const svg = Plot.plot({
    width,
    marginLeft: 46,
    marginRight: 16,
    marginTop: 22,
    marginBottom: 38,
    className: "plot",
    style: { color: ink("ink"), background: "transparent", fontSize: "12px", fontFamily: "inherit" },
    ...options,
    document: document as never, // the few parts of one that Plot draws through
  }) as unknown as SvgElement;
  const style = svg.childNodes.find((child) => "tagName" in child && child.tagName === "style");
  if (style) svg.removeChild(style);
  // Plot names the groups of a drawing, which may have no names of their own: what it shows is told by the whole.
  unname(svg);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", alt);
  svg.removeAttribute("height"); // the page decides; the view box keeps the proportions
  return svg.toString();
}

function unname(element: SvgElement): void {
  for (const name of ["aria-label", "aria-description", "aria-hidden"]) element.removeAttribute(name);
  for (const child of element.childNodes) if ("tagName" in child) unname(child);
}

/** Wraps a function as a mark of Plot. */
export function free(draw: FreeMark): Plot.Markish {
  const render: Plot.RenderFunction = (_index, scales, _values, _dimensions, context) => {
    const document = context.document as unknown as SvgDocument;
    const scale = (name: "x" | "y") => scales[name] as unknown as (value: number) => number;
    return draw({ x: scale("x"), y: scale("y") }, (tag) => document.createElement(tag)) as never;
  };
  return render;
}

/** Thin horizontal lines, and no frame. */
export const grid = (): Plot.Markish => Plot.gridY({ stroke: ink("line"), strokeOpacity: 1 });

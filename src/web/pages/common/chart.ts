/** A line of a chart; NaN interrupts it. */
export interface Line {
  readonly points: readonly (readonly [x: number, y: number])[];
  readonly colour: string;
  readonly width?: number;
  readonly dash?: string;
  readonly opacity?: number;
  /** Dots instead of a line. */
  readonly dots?: boolean;
}

interface Chart {
  readonly label: string;
  readonly x: { readonly name: string; readonly domain: readonly [number, number]; readonly log?: boolean };
  readonly y: {
    readonly name: string;
    readonly domain: readonly [number, number];
    readonly format?: (value: number) => string;
  };
  readonly lines: readonly Line[];
  /** A vertical line. */
  readonly at?: number;
  readonly height?: number;
}

const SVG = "http://www.w3.org/2000/svg";
const [LEFT, RIGHT, TOP, BOTTOM] = [44, 14, 22, 34];

const drawn = new WeakMap<Element, { readonly chart: Chart; readonly width: number }>();
const sizes = new ResizeObserver((changes) =>
  requestAnimationFrame(() => {
    for (const { target } of changes) {
      const { chart, width } = drawn.get(target)!;
      if (widthOf(target) !== width) drawChart(target, chart);
    }
  }),
);
const widthOf = (host: Element): number => Math.max(240, Math.round(host.clientWidth));

/**
 * Draws a chart into `host` at the host's width, and again when that changes. Colours are custom properties, given as attributes: a style
 * attribute would break the page's own policy.
 */
export function drawChart(host: Element, chart: Chart): void {
  const { label, x, y, lines, at, height = 220 } = chart;
  const width = widthOf(host);
  if (!drawn.has(host)) sizes.observe(host);
  drawn.set(host, { chart, width });
  const spot = (value: number, [from, to]: readonly [number, number], log = false): number =>
    log ? Math.log(value / from) / Math.log(to / from) : (value - from) / (to - from || 1);
  const px = (value: number): number => tenth(LEFT + spot(value, x.domain, x.log) * (width - LEFT - RIGHT));
  const py = (value: number): number => tenth(height - BOTTOM - spot(value, y.domain) * (height - TOP - BOTTOM));
  const svg = node("svg", {
    "viewBox": `0 0 ${width} ${height}`,
    width,
    height,
    "role": "img",
    "aria-label": label,
    "font-size": 12,
  });
  const text = (content: string, attributes: Attributes): void => {
    const element = node("text", { fill: "var(--muted)", ...attributes });
    element.textContent = content;
    svg.append(element);
  };
  for (const value of ticks(y.domain, 4)) {
    svg.append(node("path", { d: `M${LEFT} ${py(value)}H${width - RIGHT}`, stroke: "var(--line)" }));
    text((y.format ?? short)(value), { "x": LEFT - 7, "y": py(value) + 4, "text-anchor": "end" });
  }
  for (const value of x.log ? powers(x.domain) : ticks(x.domain, width < 420 ? 4 : 7))
    text(short(value), { "x": px(value), "y": height - BOTTOM + 17, "text-anchor": "middle" });
  text(x.name, { "x": width - RIGHT, "y": height - 3, "text-anchor": "end" });
  text(y.name, { x: 2, y: 12 });
  if (at !== undefined)
    svg.append(
      node("path", {
        "d": `M${px(at)} ${TOP - 4}V${height - BOTTOM}`,
        "stroke": "var(--ink)",
        "stroke-dasharray": "2 3",
      }),
    );
  for (const line of lines) svg.append(drawLine(line, px, py));
  const old = host.querySelector("svg");
  if (old) old.replaceWith(svg);
  else host.append(svg);
}

function drawLine(
  { points, colour, width = 2, dash, opacity, dots }: Line,
  px: (v: number) => number,
  py: (v: number) => number,
): Element {
  let pen = "M";
  const d = points.map(([a, b]) => {
    if (!Number.isFinite(b)) return ((pen = "M"), "");
    const part = dots ? `M${px(a)} ${py(b)}h0` : `${pen}${px(a)} ${py(b)}`;
    pen = "L";
    return part;
  });
  return node("path", {
    "d": d.join(""),
    "fill": "none",
    "stroke": colour,
    "stroke-width": dots ? width * 2 : width,
    "stroke-linecap": "round",
    "stroke-linejoin": "round",
    ...(dash && { "stroke-dasharray": dash }),
    ...(opacity && { opacity }),
  });
}

type Attributes = Readonly<Record<string, string | number>>;

function node(tag: string, attributes: Attributes): SVGElement {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  return element;
}

/** Round values within the domain, about so many. */
function ticks([from, to]: readonly [number, number], wanted: number): number[] {
  const span = to - from || 1;
  const rough = span / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((m) => m * power >= rough) ?? 10);
  const list: number[] = [];
  for (let v = Math.ceil(from / step) * step; v <= to + step * 1e-9; v += step) list.push(Number(v.toPrecision(12)));
  return list;
}

function powers([from, to]: readonly [number, number]): number[] {
  return [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].filter((v) => v >= from && v <= to);
}

function short(value: number): string {
  return Math.abs(value) >= 10_000 ? `${value / 1000}k` : String(Number(value.toPrecision(6)));
}

const tenth = (value: number): number => Math.round(value * 10) / 10;
